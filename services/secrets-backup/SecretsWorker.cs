using StellaOps.Backup.Contracts;
using StellaOps.Backup.SecretsBackup.Proving;
using StellaOps.Backup.SecretsBackup.Recipients;
using StellaOps.Backup.SecretsBackup.Settings;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Checks;

namespace StellaOps.Backup.SecretsBackup;

/// <summary>What makes a service the worker of secrets and keys.</summary>
internal static class SecretsWorker
{
    public static void Register(WebApplicationBuilder builder)
    {
        builder.AddComponentWorker(concurrency: 1, worker =>
        {
            Handle(worker, Component.Secrets);
            Handle(worker, Component.Keys);
        });
        builder.Services.AddHostedService<ScratchSweep>();
    }

    private static void Handle(ComponentWorkerBuilder worker, Component component) => worker
        .Handle<SecretsSettings>(component, (services, settings) => ActivatorUtilities.CreateInstance<SecretsHandler>(services, component, settings))
        .Check<SecretsSettings>(component, settings => new SourceCheck(component, settings.SourcePaths))
        .Check<SecretsSettings>(component, settings => new RecipientsCheck(component, settings));
}
