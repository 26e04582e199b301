using Microsoft.Extensions.Options;
using StellaOps.Backup.ConfigBackup.Settings;
using StellaOps.Backup.ConfigBackup.Watching;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Checks;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.ConfigBackup;

/// <summary>What makes a service the config worker.</summary>
internal static class ConfigWorker
{
    public static void Register(WebApplicationBuilder builder)
    {
        builder.AddComponentWorker(concurrency: 2, worker => worker.Handle<ConfigHandler, ConfigSettings>(Component.Config));
        builder.Services.AddSingleton<IValidateOptions<ConfigSettings>, NoSecretsInConfig>();
        builder.Services.AddHostedService<ConfigWatch>();
        builder.Services.AddSingleton<IServiceCheck>(services => new SourceCheck(Component.Config, [.. Settings(services).Paths]));
    }

    private static ConfigSettings Settings(IServiceProvider services) =>
        services.GetRequiredService<IOptionsMonitor<ConfigSettings>>().Get(ComponentSettings.Section(Component.Config));
}
