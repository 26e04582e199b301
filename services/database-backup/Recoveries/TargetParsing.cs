using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Recovery;

namespace StellaOps.Backup.DatabaseBackup.Recoveries;

/// <summary>Targets of messages as the library knows them.</summary>
internal static class TargetParsing
{
    /// <exception cref="BackupException">None, several, or one that is not understood; checked by who accepts requests as well.</exception>
    public static RecoveryTarget Parse(PointInTime target)
    {
        RecoveryTarget?[] named =
        [
            target.Time is { } time ? new RecoveryTarget { Kind = RecoveryTargetKind.Time, Time = ToMicroseconds(time) } : null,
            target.Lsn is { } text ? new RecoveryTarget { Kind = RecoveryTargetKind.Lsn, Lsn = Position(text) } : null,
            target.Xid is { } xid ? new RecoveryTarget { Kind = RecoveryTargetKind.Xid, Xid = (uint)xid } : null,
            target.Name is { } name ? new RecoveryTarget { Kind = RecoveryTargetKind.Name, Name = name } : null,
            target.Immediate ? new RecoveryTarget { Kind = RecoveryTargetKind.Immediate } : null,
        ];
        return named.Where(one => one is not null).ToList() is [{ } only]
            ? only with { Exclusive = target.Exclusive }
            : throw new BackupException(ErrorCodes.InvalidInput, "exactly one target of a recovery is wanted: a time, an LSN, a transaction, a name, or immediate");
    }

    /// <summary>PostgreSQL counts in microseconds: not later than what was asked for.</summary>
    private static DateTimeOffset ToMicroseconds(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));

    private static Lsn Position(string text) => Lsn.TryParse(text, out var lsn)
        ? lsn
        : throw new BackupException(ErrorCodes.InvalidInput, $"'{text}' is no log sequence number (X/Y, as pg_current_wal_lsn() prints it)");
}
