using StellaOps.Backup.Contracts.Points;

namespace StellaOps.Backup.Contracts.Tasks;

/// <summary>Check the evidence locker; changes nothing in it.</summary>
public sealed record EvidenceCheckSpec
{
    /// <summary>Compare files, index and anchors; false checks the anchors and what they list alone.</summary>
    public required bool Index { get; init; }

    /// <summary>Read the content of all that is recorded; false reads a random sample.</summary>
    public required bool Full { get; init; }

    /// <summary>Of the anchors only the newest one, with the link to the one before it.</summary>
    public bool LatestAnchor { get; init; }
}

/// <summary>Make the index of the evidence locker anew from its files.</summary>
public sealed record RebuildIndexSpec
{
    public bool DryRun { get; init; }
}

/// <summary>What was found in a locker. Problems contradict what was recorded; remarks are to be known and contradict nothing.</summary>
public sealed record EvidenceReport
{
    /// <summary><c>index</c>, <c>unindexed</c>, <c>content</c>, <c>anchors</c>, <c>anchored</c>, as far as they were made, in this order.</summary>
    public required IReadOnlyList<IntegrityCheck> Checks { get; init; }

    /// <summary>Artifacts in the locker, and their bytes.</summary>
    public required long Artifacts { get; init; }
    public required long Bytes { get; init; }
    public IReadOnlyList<PhaseTime> Phases { get; init => field = value ?? []; } = [];
}

/// <summary>What a new index differs in from the one before. Lists are bounded by <see cref="IntegrityReport.MaxLines"/>; the counts count all.</summary>
public sealed record IndexResult
{
    /// <summary>Artifacts that it names.</summary>
    public required long Artifacts { get; init; }
    public required long AddedCount { get; init; }
    public IReadOnlyList<string> Added { get; init => field = value ?? []; } = [];

    /// <summary>Named before, and not in the locker.</summary>
    public required long DroppedCount { get; init; }
    public IReadOnlyList<string> Dropped { get; init => field = value ?? []; } = [];

    /// <summary>Named as they are now, because the anchors say the same: the index before was wrong.</summary>
    public required long CorrectedCount { get; init; }
    public IReadOnlyList<string> Corrected { get; init => field = value ?? []; } = [];

    /// <summary>SHA-256 of the index, lower-case hex.</summary>
    public required string Sha256 { get; init; }

    /// <summary>False when it was already as it has to be, or of a dry run.</summary>
    public required bool Written { get; init; }
    public IReadOnlyList<PhaseTime> Phases { get; init => field = value ?? []; } = [];
}
