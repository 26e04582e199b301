using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Workers.Trials;

namespace StellaOps.Backup.Workers;

/// <summary>
/// What a worker service knows about one component. Verify and forget are the same for all and live in this library;
/// only these differ. Every method may run again after a crash of an earlier attempt and must then end the same way.
/// </summary>
public interface IComponentHandler
{
    Component Component { get; }

    /// <summary>Takes a snapshot; the result carries <see cref="TaskResult.Snapshot"/>.</summary>
    Task<TaskResult> BackupAsync(TaskContext context, BackupSpec spec, CancellationToken cancellationToken);

    /// <summary>Tries what a backup needs of its source, step by step: that it is there, may be read, and is read. Writes nothing.</summary>
    Task TrySourceAsync(TrialSteps steps, CancellationToken cancellationToken);

    /// <summary>Brings a snapshot back, or with a dry run says what would happen; the result carries <see cref="TaskResult.Restore"/>.</summary>
    Task<TaskResult> RestoreAsync(TaskContext context, RestoreSpec spec, CancellationToken cancellationToken);

    /// <summary>Brings the component to a point in time, or with a dry run says how; the result carries <see cref="TaskResult.Restore"/>.</summary>
    /// <exception cref="BackupException">The component has no history between its snapshots: only the database has.</exception>
    Task<TaskResult> RecoverAsync(TaskContext context, RecoverySpec spec, CancellationToken cancellationToken) =>
        throw new BackupException(ErrorCodes.InvalidInput, $"{Component.Name()} cannot be recovered to a point in time; restore a recovery point");

    /// <summary>Checks the running source; the result carries <see cref="TaskResult.Integrity"/>.</summary>
    /// <exception cref="BackupException">Only the database can be checked.</exception>
    Task<TaskResult> CheckIntegrityAsync(TaskContext context, IntegritySpec spec, CancellationToken cancellationToken) =>
        throw new BackupException(ErrorCodes.InvalidInput, $"{Component.Name()} has no integrity check of its own; verify a recovery point");

    /// <summary>Applies migrations that the running source lacks; the result carries <see cref="TaskResult.Migration"/>.</summary>
    /// <exception cref="BackupException">Only the database has migrations.</exception>
    Task<TaskResult> MigrateAsync(TaskContext context, MigrationSpec spec, CancellationToken cancellationToken) =>
        throw new BackupException(ErrorCodes.InvalidInput, $"{Component.Name()} has no migrations");

    /// <summary>Checks the files that are there now against their index and their anchors; the result carries <see cref="TaskResult.Evidence"/>.</summary>
    /// <exception cref="BackupException">Only evidence has them.</exception>
    Task<TaskResult> CheckEvidenceAsync(TaskContext context, EvidenceCheckSpec spec, CancellationToken cancellationToken) =>
        throw new BackupException(ErrorCodes.InvalidInput, $"{Component.Name()} has no index and no anchors");

    /// <summary>Makes the index of the files that are there now anew; the result carries <see cref="TaskResult.Index"/>.</summary>
    /// <exception cref="BackupException">Only evidence has one.</exception>
    Task<TaskResult> RebuildIndexAsync(TaskContext context, RebuildIndexSpec spec, CancellationToken cancellationToken) =>
        throw new BackupException(ErrorCodes.InvalidInput, $"{Component.Name()} has no index");

    /// <summary>Compares two snapshots; the result carries <see cref="TaskResult.Diff"/>.</summary>
    /// <exception cref="BackupException">Only configuration is compared.</exception>
    Task<TaskResult> DiffAsync(TaskContext context, DiffSpec spec, CancellationToken cancellationToken) =>
        throw new BackupException(ErrorCodes.InvalidInput, $"{Component.Name()} of two points is not compared; 'stella repo diff' compares any two snapshots");

    /// <summary>Restores to a scratch directory and proves the copy there; the result carries <see cref="TaskResult.Proof"/>.</summary>
    Task<TaskResult> TestRestoreAsync(TaskContext context, TestRestoreSpec spec, CancellationToken cancellationToken);
}
