namespace StellaOps.Backup.Contracts.Tasks;

/// <summary>Bring a database to a point in time: a base backup, and WAL replayed from the archive.</summary>
public sealed record RecoverySpec
{
    public required PointInTime Target { get; init; }

    /// <summary>Base backups that may be begun with, newest first; at most <see cref="MaxBases"/>.</summary>
    public required IReadOnlyList<RecoveryBase> Bases { get; init; }

    /// <summary>Directory on the worker's host to recover into; null means in place.</summary>
    public string? TargetDirectory { get; init; }
    public bool DryRun { get; init; }

    /// <summary>Keep what is replaced, under a name that the result tells.</summary>
    public bool KeepReplaced { get; init; }

    /// <summary>
    /// Services that write the database and ran when it was asked for. The target is proven all the same, so that what cannot be reached
    /// is known before anybody stops them; then the recovery is refused.
    /// </summary>
    public IReadOnlyList<string> RunningServices { get; init => field = value ?? []; } = [];

    /// <summary>Other directories for tablespaces; those that are not named go to where they were.</summary>
    public IReadOnlyList<TablespacePlace> Tablespaces { get; init => field = value ?? []; } = [];

    /// <summary>Bound on the bases in one message.</summary>
    public const int MaxBases = 1000;
}

/// <summary>Where a recovery stops. Exactly one of time, LSN, transaction, name and immediate is set.</summary>
public sealed record PointInTime
{
    /// <summary>All that was committed until then, by the clock of the database server.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>Log sequence number as PostgreSQL prints it, <c>16/B374D848</c>.</summary>
    public string? Lsn { get; init; }

    /// <summary>Transaction id.</summary>
    public ulong? Xid { get; init; }

    /// <summary>Named restore point (<c>pg_create_restore_point</c>).</summary>
    public string? Name { get; init; }

    /// <summary>The end of the newest base backup.</summary>
    public bool Immediate { get; init; }

    /// <summary>Timeline to recover along; null takes the newest one.</summary>
    public long? Timeline { get; init; }

    /// <summary>Stop just before the target instead of just after it.</summary>
    public bool Exclusive { get; init; }
}

/// <summary>A base backup that a recovery may begin with.</summary>
public sealed record RecoveryBase
{
    public required Guid PointId { get; init; }
    public required string PointName { get; init; }
    public required string SnapshotId { get; init; }
    public required string SystemIdentifier { get; init; }
    public required int Timeline { get; init; }
    public required string StartLsn { get; init; }
    public required string StopLsn { get; init; }
    public required DateTimeOffset FinishedAt { get; init; }
}
