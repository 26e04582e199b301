using Microsoft.Extensions.Options;
using StellaOps.Backup.ConfigBackup;
using StellaOps.Backup.ConfigBackup.Settings;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Hosting;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Checks;
using StellaOps.Backup.Workers.Settings;

return await StellaRunner.RunAsync("config-backup", builder =>
{
    builder.AddComponentWorker(concurrency: 2, worker => worker.Handle<ConfigHandler, ConfigSettings>(Component.Config));
    builder.Services.AddSingleton<IValidateOptions<ConfigSettings>, NoSecretsInConfig>();
    builder.Services.AddSingleton<IServiceCheck>(services => new SourceCheck(
        Component.Config,
        [.. services.GetRequiredService<IOptionsMonitor<ConfigSettings>>().Get(ComponentSettings.Section(Component.Config)).Paths]));
});
