namespace StellaOps.Backup.Contracts.Http;

// Answers about WAL archives. Positions are log sequence numbers as PostgreSQL prints them, 16/B374D848.

/// <summary>GET /api/v1/wal: one for each PostgreSQL cluster that has a WAL archive in the location.</summary>
public sealed record WalArchiveView
{
    /// <summary>Name of the cluster in the configuration of its worker; its system identifier when no worker has written it yet.</summary>
    public required string Cluster { get; init; }
    public required string SystemIdentifier { get; init; }

    /// <summary>Everything that the server wrote before it is archived, the tail included; null before the archiver has said so, and while nothing of the timeline is archived yet.</summary>
    public string? ArchivedTo { get; init; }

    /// <summary>Timeline of that position: the one that is archived.</summary>
    public int? ArchivedTimeline { get; init; }

    /// <summary>When the archiver said so.</summary>
    public DateTimeOffset? ArchivedAt { get; init; }

    /// <summary>When the archive last had all that the server had.</summary>
    public DateTimeOffset? CaughtUpAt { get; init; }

    /// <summary>Time of the newest archived commit along that timeline, by the server's clock.</summary>
    public DateTimeOffset? LastCommitAt { get; init; }

    /// <summary>What hinders archiving now, as a live worker says; null when nothing does, or no worker is heard.</summary>
    public string? Problem { get; init; }

    /// <summary>When WAL was last given up, because no recovery point that exists needs it; null as long as all is kept.</summary>
    public DateTimeOffset? ExpiredAt { get; init; }
    public IReadOnlyList<WalRangeView> Ranges { get; init => field = value ?? []; } = [];
    public IReadOnlyList<WalTimelineView> Timelines { get; init => field = value ?? []; } = [];
    public IReadOnlyList<WalGapView> Gaps { get; init => field = value ?? []; } = [];
    public IReadOnlyList<WalWindowView> Windows { get; init => field = value ?? []; } = [];
    public IReadOnlyList<WalRestorePointView> RestorePoints { get; init => field = value ?? []; } = [];
}

/// <summary>A timeline and where it comes from.</summary>
public sealed record WalTimelineView
{
    public required int Timeline { get; init; }

    /// <summary>Null for a timeline without a history.</summary>
    public int? Parent { get; init; }

    /// <summary>Where the parent was left.</summary>
    public string? SwitchLsn { get; init; }

    /// <summary>WAL of the timeline before it is not kept any more; null as long as all of it is.</summary>
    public string? KeptFrom { get; init; }
}

/// <summary>Segments of one timeline without a hole between them.</summary>
public sealed record WalRangeView
{
    public required int Timeline { get; init; }
    public required string FirstSegment { get; init; }
    public required string LastSegment { get; init; }
    public required string StartLsn { get; init; }

    /// <summary>Behind the last byte; inside the last segment when that is a tail.</summary>
    public required string StopLsn { get; init; }

    /// <summary>Whole segments.</summary>
    public required long Segments { get; init; }

    /// <summary>Bytes as stored.</summary>
    public required long Bytes { get; init; }

    /// <summary>True when the last segment is not finished.</summary>
    public bool Tail { get; init; }

    /// <summary>Time of the earliest known commit in the range.</summary>
    public DateTimeOffset? FirstCommitAt { get; init; }
    public DateTimeOffset? LastCommitAt { get; init; }
}

/// <summary>An entry of the gap ledger.</summary>
public sealed record WalGapView
{
    public required int Timeline { get; init; }
    public required string FirstSegment { get; init; }
    public required string LastSegment { get; init; }
    public required string StartLsn { get; init; }
    public required string StopLsn { get; init; }
    public required string Reason { get; init; }
    public required DateTimeOffset FoundAt { get; init; }

    /// <summary><c>open</c>; <c>refilled</c>: the bytes are there again; <c>closed</c>: missing for ever, and a later base backup does not need them.</summary>
    public required string State { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public string? EndedBy { get; init; }
}

/// <summary>Positions, all of which can be recovered to.</summary>
public sealed record WalWindowView
{
    /// <summary>Timeline to recover along.</summary>
    public required int Timeline { get; init; }
    public required string FromLsn { get; init; }
    public required string ToLsn { get; init; }

    /// <summary>End of the first base backup of the window; the time of its last commit where the clock of the server is so far ahead.</summary>
    public required DateTimeOffset FromTime { get; init; }

    /// <summary>Time of the last commit in the window; null when none is known.</summary>
    public DateTimeOffset? ToTime { get; init; }

    /// <summary>Recovery points with a base backup in the window, oldest first.</summary>
    public required IReadOnlyList<string> Points { get; init; }
}

/// <summary>A restore point that someone named on the server.</summary>
public sealed record WalRestorePointView
{
    public required string Name { get; init; }
    public required int Timeline { get; init; }
    public required string Lsn { get; init; }
    public required DateTimeOffset At { get; init; }
}
