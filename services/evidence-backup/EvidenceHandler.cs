using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.EvidenceBackup.Backups;
using StellaOps.Backup.EvidenceBackup.Checks;
using StellaOps.Backup.EvidenceBackup.Indexes;
using StellaOps.Backup.EvidenceBackup.Proofs;
using StellaOps.Backup.EvidenceBackup.Restores;
using StellaOps.Backup.EvidenceBackup.Settings;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Proofs;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Trials;

namespace StellaOps.Backup.EvidenceBackup;

/// <summary>The evidence locker: immutable files that are only ever added.</summary>
internal sealed class EvidenceHandler(
    EvidenceSettings settings, ComponentRepositories repositories, ComponentBackup backup, CopyProof proof, TimeProvider clock) : IComponentHandler
{
    public Component Component => Component.Evidence;

    public Task<TaskResult> BackupAsync(TaskContext context, BackupSpec spec, CancellationToken cancellationToken) =>
        new LockerBackup(settings, backup, clock).RunAsync(context, cancellationToken);

    public Task TrySourceAsync(TrialSteps steps, CancellationToken cancellationToken)
    {
        string[] locker = [Path.TrimEndingDirectorySeparator(settings.Directory)];
        return FileTrial.RunAsync(steps, new LocalFileSource(locker), locker, "Evidence:Directory", cancellationToken);
    }

    public Task<TaskResult> RestoreAsync(TaskContext context, RestoreSpec spec, CancellationToken cancellationToken) =>
        new LockerRestore(settings, repositories, clock).RunAsync(context, spec, cancellationToken);

    public Task<TaskResult> TestRestoreAsync(TaskContext context, TestRestoreSpec spec, CancellationToken cancellationToken) =>
        new LockerProof(repositories, proof, clock).RunAsync(context, spec, cancellationToken);

    public Task<TaskResult> CheckEvidenceAsync(TaskContext context, EvidenceCheckSpec spec, CancellationToken cancellationToken) =>
        new LockerCheck(settings, clock).RunAsync(context, spec, cancellationToken);

    public Task<TaskResult> RebuildIndexAsync(TaskContext context, RebuildIndexSpec spec, CancellationToken cancellationToken) =>
        new IndexRebuild(settings, clock).RunAsync(context, spec, cancellationToken);
}
