using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Wal.Streaming;

namespace StellaOps.Backup.DatabaseBackup.Wal;

/// <summary>The archiver's status as announcements carry it.</summary>
internal static class WalStandings
{
    public static WalStanding Of(WalArchiverStatus status)
    {
        var seen = status.SystemIdentifier > 0;
        return new WalStanding
        {
            Active = status.Activity is WalActivity.Streaming or WalActivity.Full or WalActivity.Watching,
            ArchivedTo = seen && status.Archived > default(Postgres.Lsn) ? status.Archived.ToString() : null,
            CaughtUpAt = status.CaughtUpAt,
            LastCommitAt = status.LastCommitAt,
            LagBytes = seen ? (long)(status.Server > status.Archived ? status.Server.Value - status.Archived.Value : 0) : null,
            Slot = status.Slot is { } slot
                ? new SlotStanding { Name = slot.Name, RetainedBytes = slot.RetainedBytes, SafeBytes = slot.SafeBytes, LimitBytes = slot.KeepLimit }
                : null,
            Problem = status.Problem ?? status.PushProblem,
        };
    }
}
