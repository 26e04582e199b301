using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Hosting;
using StellaOps.Backup.Hosting.Settings;
using StellaOps.Backup.Repository;
using StellaOps.Backup.SecretsBackup;
using StellaOps.Backup.SecretsBackup.Proving;
using StellaOps.Backup.SecretsBackup.Settings;
using StellaOps.Backup.Workers;

return await StellaRunner.RunAsync("secrets-backup", builder =>
{
    builder.AddComponentWorker(concurrency: 1, worker => worker
        .Handle<SecretsSettings>(Component.Secrets, (services, settings) => Handler(Component.Secrets, services, settings))
        .Handle<SecretsSettings>(Component.Keys, (services, settings) => Handler(Component.Keys, services, settings)));
    builder.Services.AddHostedService<ScratchSweep>();
});

static SecretsHandler Handler(Component component, IServiceProvider services, SecretsSettings settings) => new(
    component,
    settings,
    services.GetRequiredService<IOptions<LocationSettings>>().Value,
    new RepositoryOptions { Clock = services.GetRequiredService<TimeProvider>() });
