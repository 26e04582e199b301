using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace StellaOps.Backup.Hosting.Settings;

/// <summary>Registration of settings that are checked when the service starts.</summary>
public static class SettingsExtensions
{
    /// <summary>
    /// Binds <typeparamref name="T"/> to a section. Its data annotations, and whether it knows every key of the section, are checked at the
    /// start, and each failure names the setting as docs/configuration.md does (<c>Broker:Port</c>).
    /// </summary>
    public static OptionsBuilder<T> AddSettings<T>(this IServiceCollection services, string section)
        where T : class
    {
        services.AddValidator<T>(section, Options.DefaultName);
        return services.AddOptions<T>().BindConfiguration(section).ValidateOnStart();
    }

    /// <summary>The same for one of several sections of one shape; <paramref name="section"/> is also the options' name.</summary>
    public static OptionsBuilder<T> AddNamedSettings<T>(this IServiceCollection services, string section)
        where T : class
    {
        services.AddValidator<T>(section, section);
        return services.AddOptions<T>(section).BindConfiguration(section).ValidateOnStart();
    }

    private static void AddValidator<T>(this IServiceCollection services, string section, string optionsName)
        where T : class =>
        services.AddSingleton<IValidateOptions<T>>(provider => new SettingsValidator<T>(section, optionsName, provider.GetRequiredService<IConfiguration>()));
}
