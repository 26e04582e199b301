using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Hosting.Settings;
using StellaOps.Backup.Workers.Checks;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.Workers;

/// <summary>Names the components of a worker.</summary>
public sealed class ComponentWorkerBuilder
{
    private readonly WebApplicationBuilder _builder;
    private readonly List<Component> _named = [];
    private readonly List<Component> _configured = [];

    internal ComponentWorkerBuilder(WebApplicationBuilder builder) => _builder = builder;

    /// <summary>
    /// Does <paramref name="component"/> with a handler that is made from the services and, as one of its constructor's
    /// parameters, the settings of the component's section. Without that section the component is not done here.
    /// </summary>
    public ComponentWorkerBuilder Handle<THandler, TSettings>(Component component)
        where THandler : class, IComponentHandler
        where TSettings : ComponentSettings =>
        Handle<TSettings>(component, (services, settings) => ActivatorUtilities.CreateInstance<THandler>(services, settings));

    /// <summary>The same with a handler that <paramref name="create"/> makes.</summary>
    public ComponentWorkerBuilder Handle<TSettings>(Component component, Func<IServiceProvider, TSettings, IComponentHandler> create)
        where TSettings : ComponentSettings
    {
        _named.Add(component);
        var section = ComponentSettings.Section(component);
        if (!_builder.Configuration.GetSection(section).GetChildren().Any())
        {
            return this;
        }

        _configured.Add(component);
        _builder.Services.AddNamedSettings<ComponentSettings>(section);
        _builder.Services.AddNamedSettings<TSettings>(section);
        _builder.Services.AddSingleton(services =>
            create(services, services.GetRequiredService<IOptionsMonitor<TSettings>>().Get(section)));
        AddCheck<ComponentSettings>(section, settings => new RepositoryPasswordCheck(component, settings));
        AddCheck<ComponentSettings>(section, settings => new ScratchCheck(component, settings));
        return this;
    }

    /// <summary>Adds a check of the settings of <paramref name="component"/>, which was named with <see cref="Handle{TSettings}"/> before; none without its section.</summary>
    public ComponentWorkerBuilder Check<TSettings>(Component component, Func<TSettings, IServiceCheck> create)
        where TSettings : ComponentSettings
    {
        if (_configured.Contains(component))
        {
            AddCheck(ComponentSettings.Section(component), create);
        }

        return this;
    }

    private void AddCheck<TSettings>(string section, Func<TSettings, IServiceCheck> create)
        where TSettings : ComponentSettings =>
        _builder.Services.AddSingleton(services => create(services.GetRequiredService<IOptionsMonitor<TSettings>>().Get(section)));

    internal WorkerComponents Build()
    {
        if (_configured.Count == 0)
        {
            var sections = string.Join(" or ", _named.Select(ComponentSettings.Section));
            throw new BackupException(ErrorCodes.NotConfigured, $"the section {sections} is missing from the configuration",
                "Add the section (docs/configuration.md), or do not start this worker.");
        }

        return new WorkerComponents(_configured, _builder.Configuration[$"{ComponentSettings.Section(Component.Database)}:Name"]);
    }
}
