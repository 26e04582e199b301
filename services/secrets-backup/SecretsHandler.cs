using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.SecretsBackup.Archiving;
using StellaOps.Backup.SecretsBackup.Proving;
using StellaOps.Backup.SecretsBackup.Restoring;
using StellaOps.Backup.SecretsBackup.Settings;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.SecretsBackup;

/// <summary>Secrets and attestation keys, which are the same to this worker: files that only custodians may read.</summary>
internal sealed class SecretsHandler(
    Component component, SecretsSettings settings, ComponentRepositories repositories, TimeProvider clock) : IComponentHandler
{
    public Component Component => component;

    public Task<TaskResult> BackupAsync(TaskContext context, BackupSpec spec, CancellationToken cancellationToken) =>
        new SecretsArchive(component, settings, repositories, clock).RunAsync(context, cancellationToken);

    public Task<TaskResult> RestoreAsync(TaskContext context, RestoreSpec spec, CancellationToken cancellationToken) =>
        new SecretsRestore(component, settings, repositories, clock).RunAsync(context, spec, cancellationToken);

    public Task<TaskResult> TestRestoreAsync(TaskContext context, TestRestoreSpec spec, CancellationToken cancellationToken) =>
        new SecretsProof(component, settings, repositories, clock).RunAsync(context, spec, cancellationToken);

    /// <summary>Removes decrypted copies of test restores whose process is gone.</summary>
    public void RemoveAbandonedScratch() => ScratchDirectory.RemoveAbandoned(settings.ScratchDirectory, component);
}
