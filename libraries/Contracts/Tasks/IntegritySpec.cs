using StellaOps.Backup.Contracts.Points;

namespace StellaOps.Backup.Contracts.Tasks;

/// <summary>Check the running database: indexes, tables, pages, constraints, sequences, and rows against a recovery point.</summary>
public sealed record IntegritySpec
{
    /// <summary>Points that rows may be compared with, newest first; the worker takes the newest one that the cluster descends from.</summary>
    public IReadOnlyList<RecoveryBase> Points { get; init => field = value ?? []; } = [];
}

/// <summary>What was found in a database. Problems contradict its integrity; remarks are to be known and contradict nothing.</summary>
public sealed record IntegrityReport
{
    /// <summary>One for each check and database, in the order in which they ran.</summary>
    public required IReadOnlyList<IntegrityCheck> Checks { get; init; }

    /// <summary>Name of the recovery point that rows were compared with; null where there is none that the cluster descends from.</summary>
    public string? ComparedWith { get; init; }
    public IReadOnlyList<PhaseTime> Phases { get; init => field = value ?? []; } = [];

    /// <summary>Bound on the lines of one check in a message; the counts count all.</summary>
    public const int MaxLines = 50;
}

/// <summary>One check of one database, or of the whole cluster.</summary>
public sealed record IntegrityCheck
{
    /// <summary><c>indexes</c>, <c>tables</c>, <c>pages</c>, <c>constraints</c>, <c>sequences</c>, <c>collation</c>, <c>rows</c>.</summary>
    public required string Check { get; init; }

    /// <summary>Null for the whole cluster.</summary>
    public string? Database { get; init; }

    /// <summary>Indexes, tables, pages, constraints, sequences or rows that were looked at.</summary>
    public required long Checked { get; init; }
    public long ProblemCount { get; init; }
    public IReadOnlyList<string> Problems { get; init => field = value ?? []; } = [];
    public long RemarkCount { get; init; }
    public IReadOnlyList<string> Remarks { get; init => field = value ?? []; } = [];

    /// <summary>Why the check could not be made, and what makes it possible; null when it was.</summary>
    public string? NotChecked { get; init; }
}
