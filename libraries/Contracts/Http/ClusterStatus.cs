namespace StellaOps.Backup.Contracts.Http;

/// <summary>How far back, and how near to now, one PostgreSQL cluster can be brought, and how long that would take. Null: not known, or not measured.</summary>
public sealed record ClusterStatus
{
    public required string Cluster { get; init; }

    /// <summary>Of the newest base backup; of the server where there is none.</summary>
    public string? SystemIdentifier { get; init; }

    /// <summary>Live workers of this cluster.</summary>
    public int Workers { get; init; }

    /// <summary>True while a worker archives WAL; false when one that should does not; null where WAL is not archived.</summary>
    public bool? Archiving { get; init; }

    /// <summary>Why not, or what went wrong last.</summary>
    public string? Problem { get; init; }

    /// <summary>Everything before this position is in the location.</summary>
    public string? NewestDurableLsn { get; init; }

    /// <summary>Earliest time that can be recovered to: the end of the oldest base backup.</summary>
    public DateTimeOffset? OldestReachableAt { get; init; }

    /// <summary>Latest time that can be recovered to.</summary>
    public DateTimeOffset? NewestReachableAt { get; init; }

    /// <summary>
    /// Seconds of commits that would be lost if the server were lost now. May be shorter than the time since <see cref="NewestReachableAt"/>: that the archive still has everything of a
    /// server on which nothing is committed is written there every half a minute only.
    /// </summary>
    public double? LossWindowSeconds { get; init; }

    /// <summary>Holes in the WAL that nothing has filled or made needless.</summary>
    public IReadOnlyList<WalGapView> OpenGaps { get; init => field = value ?? []; } = [];

    /// <summary>What the server keeps for the worker's slot; null where none is used or no worker tells.</summary>
    public SlotStatus? Slot { get; init; }

    /// <summary>Recovery points that hold a base backup of it.</summary>
    public int Points { get; init; }

    /// <summary>When a restore of it was last proven, of the points that hold it; null when none ever was.</summary>
    public DateTimeOffset? LastProvenAt { get; init; }
    public required RecoveryForecast Recovery { get; init; }
}

/// <summary>WAL that a server keeps for a replication slot.</summary>
public sealed record SlotStatus
{
    public required string Name { get; init; }
    public required long RetainedBytes { get; init; }

    /// <summary>What may still be written before the slot is lost; null without <c>max_slot_wal_keep_size</c>.</summary>
    public long? SafeBytes { get; init; }
    public long? LimitBytes { get; init; }
}

/// <summary>How long a recovery of the newest base backup, to the newest reachable position, would take: measured rates applied to its sizes.</summary>
public sealed record RecoveryForecast
{
    /// <summary>Sum of <see cref="Steps"/>; null unless each needed one was measured.</summary>
    public double? Seconds { get; init; }

    /// <summary>Point whose base backup it would begin with.</summary>
    public string? Point { get; init; }
    public IReadOnlyList<ForecastStep> Steps { get; init => field = value ?? []; } = [];

    /// <summary>Steps that no drill has measured yet, or that are of no known size.</summary>
    public IReadOnlyList<string> NotMeasured { get; init => field = value ?? []; } = [];
}

/// <summary>One step of a forecast.</summary>
public sealed record ForecastStep
{
    /// <summary><c>restore</c>: the base backup to the disk. <c>start</c>: the server, until it is consistent. <c>replay</c>: WAL.</summary>
    public required string Step { get; init; }
    public required double Seconds { get; init; }

    /// <summary>What there is to do; null for a step whose time does not depend on it.</summary>
    public long? Bytes { get; init; }

    /// <summary>As measured.</summary>
    public double? BytesPerSecond { get; init; }

    /// <summary>When, and by which operation.</summary>
    public required DateTimeOffset MeasuredAt { get; init; }
    public required Guid MeasuredBy { get; init; }
}
