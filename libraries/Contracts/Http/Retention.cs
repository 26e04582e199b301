namespace StellaOps.Backup.Contracts.Http;

/// <summary>How long snapshots of one component are kept. Each rule keeps for itself, and what none keeps goes; null is a rule that is not used.</summary>
public sealed record RetentionRule
{
    public required Component Component { get; init; }

    /// <summary>Those that are not older.</summary>
    public int? Days { get; init; }

    /// <summary>The newest so many, of each cluster. Only whole ones count, here and below: a row of damaged ones pushes out nothing.</summary>
    public int? Last { get; init; }

    /// <summary>The newest one of each of so many days that have one; days, weeks and months are those of UTC.</summary>
    public int? Daily { get; init; }

    /// <summary>Likewise of ISO weeks.</summary>
    public int? Weekly { get; init; }

    /// <summary>Likewise of months.</summary>
    public int? Monthly { get; init; }
}

/// <summary>What a run of the retention decided about a point, by what it holds.</summary>
public sealed record PointRetention
{
    public required Guid Id { get; init; }
    public required string Name { get; init; }
    public required DateTimeOffset TakenAt { get; init; }
    public required IReadOnlyList<PartRetention> Parts { get; init; }
}

/// <summary>What it decided about the snapshot of one component, or of one cluster of the database.</summary>
public sealed record PartRetention
{
    public required Component Component { get; init; }

    /// <summary>Database: the cluster.</summary>
    public string? Cluster { get; init; }
    public required bool Kept { get; init; }

    /// <summary>All reasons to keep it, or why none does.</summary>
    public required IReadOnlyList<string> Why { get; init; }
}

/// <summary>GET /api/v1/retention.</summary>
public sealed record RetentionView
{
    /// <summary>One for each component.</summary>
    public required IReadOnlyList<RetentionRule> Rules { get; init; }

    /// <summary>End of the last run that was complete; null when there was none.</summary>
    public DateTimeOffset? LastRunAt { get; init; }
}

/// <summary>POST /api/v1/retention (scope backup:admin): changes the numbers that are given, for each of the components; 0 takes a rule away.</summary>
public sealed record SetRetentionRequest
{
    /// <summary>Component names; <c>full</c> means all.</summary>
    public required IReadOnlyList<string> Types { get; init; }
    public int? Days { get; init; }
    public int? Last { get; init; }
    public int? Daily { get; init; }
    public int? Weekly { get; init; }
    public int? Monthly { get; init; }
    public string? Reason { get; init; }
}

/// <summary>
/// POST /api/v1/retention/runs and /preview (scope backup:admin): drops what the rules do not keep, or, with one of <see cref="Last"/> and
/// <see cref="OlderThan"/>, what these do not keep.
/// </summary>
public sealed record RetentionRequest
{
    /// <summary>Component names; empty, or <c>full</c>, means all.</summary>
    public IReadOnlyList<string> Types { get; init => field = value ?? []; } = [];

    /// <summary>Keep the newest so many of each component and cluster, and nothing else.</summary>
    public int? Last { get; init; }

    /// <summary>Drop what was taken longer ago, and nothing else. Must be confirmed.</summary>
    public TimeSpan? OlderThan { get; init; }

    /// <summary>Free the bytes at once: what is dropped cannot be brought back.</summary>
    public bool Force { get; init; }

    /// <summary>Free also the bytes of what was dropped earlier.</summary>
    public bool EndGrace { get; init; }
    public bool Confirm { get; init; }
    public string? Reason { get; init; }
}

/// <summary>What a run of the retention decided, or would decide.</summary>
public sealed record RetentionReport
{
    public required DateTimeOffset DecidedAt { get; init; }

    /// <summary>The rules that it went by.</summary>
    public required IReadOnlyList<RetentionRule> Rules { get; init; }

    /// <summary>Every point, newest first.</summary>
    public required IReadOnlyList<PointRetention> Points { get; init; }

    /// <summary>Components that were left alone, and why; what goes that no point lists.</summary>
    public IReadOnlyList<string> Notes { get; init => field = value ?? []; } = [];

    /// <summary>Where points go of which nothing is kept; null where they are dropped.</summary>
    public string? Destination { get; init; }

    /// <summary>The operation that carries it out; null of a preview.</summary>
    public OperationView? Operation { get; init; }

    /// <summary>Archived points: the operation that forgets their snapshots in the location; null until they are archived.</summary>
    public OperationView? Forgetting { get; init; }
}
