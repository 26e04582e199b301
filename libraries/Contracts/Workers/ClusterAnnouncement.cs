namespace StellaOps.Backup.Contracts.Workers;

/// <summary>A PostgreSQL cluster, as the worker that protects it sees it.</summary>
public sealed record ClusterAnnouncement
{
    public required string Name { get; init; }

    /// <summary>Null while the server was never reached.</summary>
    public string? SystemIdentifier { get; init; }

    /// <summary>How archiving stands; null where WAL is not archived, and from a worker that waits while another one does it.</summary>
    public WalStanding? Wal { get; init; }
}

/// <summary>How the archiving of a cluster's WAL stands in one process. Positions as PostgreSQL prints them.</summary>
public sealed record WalStanding
{
    /// <summary>True while WAL is received, or the server archives by itself and that is watched.</summary>
    public required bool Active { get; init; }

    /// <summary>Null while nothing of the timeline is archived.</summary>
    public string? ArchivedTo { get; init; }

    /// <summary>When the archive last had all that the server had.</summary>
    public DateTimeOffset? CaughtUpAt { get; init; }
    public DateTimeOffset? LastCommitAt { get; init; }

    /// <summary>WAL that the server has written and the archive does not have; null while nothing of the timeline is archived.</summary>
    public long? LagBytes { get; init; }

    /// <summary>Replication slot; null where none is used, or it was not seen yet.</summary>
    public SlotStanding? Slot { get; init; }

    /// <summary>What failed last; null while all is well.</summary>
    public string? Problem { get; init; }
}

/// <summary>How much WAL a server keeps for a replication slot.</summary>
public sealed record SlotStanding
{
    public required string Name { get; init; }
    public required long RetainedBytes { get; init; }

    /// <summary>What may still be written before the slot is lost; null without <c>max_slot_wal_keep_size</c>.</summary>
    public long? SafeBytes { get; init; }

    /// <summary><c>max_slot_wal_keep_size</c>; null when it is not limited.</summary>
    public long? LimitBytes { get; init; }
}
