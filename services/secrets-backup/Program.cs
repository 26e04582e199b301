using StellaOps.Backup.Contracts;
using StellaOps.Backup.Hosting;
using StellaOps.Backup.SecretsBackup;
using StellaOps.Backup.SecretsBackup.Proving;
using StellaOps.Backup.SecretsBackup.Settings;
using StellaOps.Backup.Workers;

return await StellaRunner.RunAsync("secrets-backup", builder =>
{
    builder.AddComponentWorker(concurrency: 1, worker => worker
        .Handle<SecretsSettings>(Component.Secrets, (services, settings) => Create(services, Component.Secrets, settings))
        .Handle<SecretsSettings>(Component.Keys, (services, settings) => Create(services, Component.Keys, settings)));
    builder.Services.AddHostedService<ScratchSweep>();
});

static SecretsHandler Create(IServiceProvider services, Component component, SecretsSettings settings) =>
    ActivatorUtilities.CreateInstance<SecretsHandler>(services, component, settings);
