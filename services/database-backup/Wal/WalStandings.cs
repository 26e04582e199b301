using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Wal.Streaming;

namespace StellaOps.Backup.DatabaseBackup.Wal;

/// <summary>The archiver's status as announcements carry it.</summary>
internal static class WalStandings
{
    public static WalStanding Of(WalArchiverStatus status) => new()
    {
        Active = status.Activity is WalActivity.Streaming or WalActivity.Full or WalActivity.Watching,
        ArchivedTo = status.LagBytes is null ? null : status.Archived.ToString(),
        CaughtUpAt = status.CaughtUpAt,
        LastCommitAt = status.LastCommitAt,
        LagBytes = status.LagBytes,
        Slot = status.Slot is { } slot
            ? new SlotStanding { Name = slot.Name, RetainedBytes = slot.RetainedBytes, SafeBytes = slot.SafeBytes, LimitBytes = slot.KeepLimit }
            : null,
        Problem = status.Problem ?? status.PushProblem,
    };
}
