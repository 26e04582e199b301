using Microsoft.Extensions.Options;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Hosting.Settings;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Secondary;

internal static class SecondaryRegistration
{
    /// <summary>A second location that gets a copy of every point. Where none is configured, nothing of it runs.</summary>
    public static WebApplicationBuilder AddSecondary(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSettings<SecondarySettings>(SecondarySettings.Section);
        services.AddSingleton<IValidateOptions<SecondarySettings>, SecondaryElsewhere>();
        services.AddSingleton<SecondaryLocation>();
        services.AddSingleton<SecondaryBooks>();
        services.AddScoped<Replicas>();
        services.AddScoped<SecondaryObjects>();
        services.AddScoped<ReplicateDrafts>();
        services.AddScoped<SecondaryRound>();
        services.AddScoped<SecondaryReport>();
        services.AddScoped<OperationPlan, ReplicatePlan>();
        if (!string.IsNullOrEmpty(builder.Configuration[$"{SecondarySettings.Section}:{nameof(SecondarySettings.Url)}"]))
        {
            services.AddHostedService<SecondaryRunner>();
            services.AddHostedService<SecondaryMetrics>();
        }

        return builder;
    }

    /// <summary>A secondary location that lies in the location, or holds it, is refused at the start.</summary>
    private sealed class SecondaryElsewhere(IOptions<LocationSettings> location) : IValidateOptions<SecondarySettings>
    {
        public ValidateOptionsResult Validate(string? name, SecondarySettings options) => options.Contradiction(location.Value) is { } contradiction
            ? ValidateOptionsResult.Fail($"setting {SecondarySettings.Section}:{nameof(SecondarySettings.Url)} is wrong: {contradiction}")
            : ValidateOptionsResult.Success;
    }
}
