namespace StellaOps.Backup.Postgres.Wal;

/// <summary>What a record is to point-in-time recovery.</summary>
public enum WalRecordKind
{
    /// <summary>Recovery can stop at it by its position only.</summary>
    Other,

    /// <summary>End of a transaction that counts.</summary>
    Commit,

    /// <summary>End of a transaction that does not.</summary>
    Abort,

    /// <summary>A named restore point.</summary>
    RestorePoint,

    /// <summary>A new tablespace: replay makes it at the place that the original had, also when that is in use.</summary>
    NewTablespace,

    /// <summary>A recovery ended here: the first record of a timeline, after a promotion or a recovery to a target.</summary>
    TimelineBegin,
}

/// <summary>A record of the write-ahead log.</summary>
/// <param name="Start">Its first byte: what <c>recovery_target_lsn</c> is compared with.</param>
/// <param name="End">Behind its last byte, aligned: all that has to be there to read it.</param>
/// <param name="Next">Where the server is when it has replayed it: <paramref name="End"/>, or the next segment's start after a switch to it.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Xid">Transaction of a commit or abort; 0 for the second phase of a prepared one.</param>
/// <param name="At">Time of a commit, an abort, a restore point, or when a timeline began: there to the second at least.</param>
/// <param name="Name">Name of a restore point.</param>
public readonly record struct WalRecord(Lsn Start, Lsn End, Lsn Next, WalRecordKind Kind, uint Xid, DateTimeOffset? At, string? Name);
