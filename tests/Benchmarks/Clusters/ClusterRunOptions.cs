namespace StellaOps.Backup.Benchmarks.Clusters;

/// <summary>What is measured, and on how much data.</summary>
internal sealed record ClusterRunOptions
{
    public required IReadOnlyList<ClusterLine> Lines { get; init; }

    /// <summary>Program of the worker.</summary>
    public required string Worker { get; init; }

    /// <summary>Of pgbench: 15 MB each.</summary>
    public required int Scale { get; init; }

    public required int Runs { get; init; }

    /// <summary>How long pgbench changes rows between two backups.</summary>
    public required int ChurnSeconds { get; init; }

    /// <summary>Transactions in a second of the churn that is not as fast as it can be.</summary>
    public required int ChurnRate { get; init; }

    /// <summary>WAL that has to wait for the archiver.</summary>
    public required long BacklogBytes { get; init; }

    /// <summary>How long latencies are looked at.</summary>
    public required int LatencySeconds { get; init; }

    /// <summary>Whether anything is measured after changes at <see cref="ChurnRate"/>.</summary>
    public bool WantsRate => Wants(ClusterStep.ChangedRate, ClusterStep.BlocksRate, ClusterStep.RestoreDeltaRate);

    public bool Wants(params ClusterStep[] steps) => Lines.Any(line => steps.Contains(line.Step));
}
