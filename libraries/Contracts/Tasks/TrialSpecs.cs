using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Contracts.Tasks;

/// <summary>Try every step that a backup of the component takes, save nothing, and leave nothing behind.</summary>
public sealed record TrialSpec
{
    /// <summary>The most that one of the last backups added to the repository, as stored: the next one may add as much. Null where that is not known yet.</summary>
    public long? ExpectedBytes { get; init; }

    /// <summary>As of a backup.</summary>
    public bool ExpectsLocation { get; init; }
}

/// <summary>What came of a trial. It ends well also where a step failed: the operation tells that.</summary>
public sealed record TrialResult
{
    /// <summary>In the order in which they were tried.</summary>
    public required IReadOnlyList<TrialStep> Steps { get; init; }
}

/// <summary>One thing that a backup needs.</summary>
public sealed record TrialStep
{
    /// <summary><c>connect</c>, <c>privileges</c>, <c>list</c>, <c>read</c>, <c>location</c>, <c>repository</c> ...</summary>
    public required string Step { get; init; }
    public required TimeSpan Duration { get; init; }

    /// <summary>What was found, or why it was not tried, for a human.</summary>
    public required string Detail { get; init; }

    /// <summary>False where there is nothing to try, or a step before it failed.</summary>
    public bool Tried { get; init; } = true;

    /// <summary>Why it failed; null where it did not.</summary>
    public ErrorInfo? Error { get; init; }
}
