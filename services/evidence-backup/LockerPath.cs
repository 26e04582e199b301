using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.EvidenceBackup;

/// <summary>Where a snapshot holds the locker: under the absolute path that it had when it was saved, which may differ from today's.</summary>
internal static class LockerPath
{
    public static string Of(Snapshot snapshot) => snapshot.Paths is [var only]
        ? only
        : throw new BackupException(ErrorCodes.Damaged, $"snapshot {snapshot.Id} holds {snapshot.Paths.Count} paths and is not one of an evidence locker");
}
