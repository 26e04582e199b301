using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Recovery;
using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Wal.Recovery;

/// <summary>Finds the record at which the server will stop.</summary>
internal sealed class StopSearch(RecoveryTarget target)
{
    private WalRecord? _previous;

    /// <summary>Where it will; null as long as no record was it.</summary>
    public RecoveryStop? Stop { get; private set; }

    /// <summary>Gets every place that fits, where all of them are wanted.</summary>
    public Action<RecoveryStop>? Found { get; init; }

    /// <summary>The last record that was seen.</summary>
    public WalRecord? Last => _previous;

    /// <summary>Time of the last commit or abort that was seen before the stop.</summary>
    public DateTimeOffset? LastSeen { get; private set; }

    /// <summary>The latest of those times: commits may be in the log in another order than that of their times.</summary>
    public DateTimeOffset? LatestSeen { get; private set; }

    /// <summary>Takes a record; false when no more are wanted.</summary>
    public bool See(WalRecord record)
    {
        if (Stops(record))
        {
            // What is not replayed ends where the record before it does; the page header between the two is no difference.
            var at = !StopsBefore ? record.Next : _previous is { } previous && previous.Next <= record.Start ? previous.Next : record.Start;
            Stop = new RecoveryStop(at, record.End, StopsBefore ? LastSeen : Ended(record) ?? LastSeen, record.Start);
            Found?.Invoke(Stop);
            if (Found is null)
            {
                return false;
            }
        }

        LastSeen = Ended(record) ?? LastSeen;
        LatestSeen = LatestSeen > LastSeen ? LatestSeen : LastSeen;
        _previous = record;
        return true;
    }

    private static DateTimeOffset? Ended(WalRecord record) => record.Kind == WalRecordKind.TimelineBegin ? null : record.At;

    private bool StopsBefore => target.Kind == RecoveryTargetKind.Time || (target.Exclusive && target.Kind != RecoveryTargetKind.Name);

    private bool Stops(WalRecord record) => target.Kind switch
    {
        RecoveryTargetKind.Lsn => record.Start >= target.Lsn,
        RecoveryTargetKind.Xid => record.Kind is WalRecordKind.Commit or WalRecordKind.Abort && record.Xid == target.Xid,
        RecoveryTargetKind.Name => record.Kind == WalRecordKind.RestorePoint && record.Name == target.Name,
        RecoveryTargetKind.Time => record.Kind is WalRecordKind.Commit or WalRecordKind.Abort && (target.Exclusive ? record.At >= target.Time : record.At > target.Time),
        _ => false,
    };
}
