namespace StellaOps.Backup.Contracts.Points;

/// <summary>A wish that a point stays: no rule, cleanup or deletion drops it until it is unpinned.</summary>
public sealed record PointPin
{
    public required string By { get; init; }
    public required DateTimeOffset At { get; init; }
    public string? Reason { get; init; }
}

/// <summary>A duty to keep a point: it stays until two people have released it. A point may have several, each for a reason of its own.</summary>
public sealed record LegalHold
{
    /// <summary>What it is for, the number of a case, say; names the hold among those of its point.</summary>
    public required string Reason { get; init; }
    public required string By { get; init; }
    public required DateTimeOffset At { get; init; }

    /// <summary>The first half of its release; null while nobody has asked.</summary>
    public HoldRelease? Release { get; init; }
}

/// <summary>Somebody asked to release a legal hold, and somebody else has to do so, too.</summary>
public sealed record HoldRelease
{
    public required string By { get; init; }
    public required DateTimeOffset At { get; init; }

    /// <summary>From then on it counts no more, and has to be asked for again.</summary>
    public required DateTimeOffset Until { get; init; }
    public string? Reason { get; init; }
}
