namespace StellaOps.Backup.Postgres.Checks;

/// <summary>What amcheck found in one database.</summary>
public sealed record AmcheckReport
{
    /// <summary>Database that was checked.</summary>
    public required string Database { get; init; }

    /// <summary>Indexes whose structure was checked.</summary>
    public required int Indexes { get; init; }

    /// <summary>Of these, the ones for which every row of the table was also looked up.</summary>
    public required int IndexesWithHeap { get; init; }

    /// <summary>Tables whose rows were checked.</summary>
    public required int Tables { get; init; }

    /// <summary>Contradictions in indexes, one a line.</summary>
    public required IReadOnlyList<string> IndexProblems { get; init; }

    /// <summary>Contradictions in tables, one a line.</summary>
    public required IReadOnlyList<string> TableProblems { get; init; }

    /// <summary>All contradictions; empty for a clean database.</summary>
    public IEnumerable<string> Problems => IndexProblems.Concat(TableProblems);
}
