using StellaOps.Backup.Benchmarks.Works;

namespace StellaOps.Backup.Benchmarks.Clusters;

/// <summary>One line of the table.</summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="Step">What is done.</param>
/// <param name="Figure">What is compared.</param>
/// <param name="Peer">With whom; <c>limit</c> for a limit in bytes, <c>alone</c> for the same without a backup beside it.</param>
/// <param name="Target">Most that ours may be: times the peer's, or bytes.</param>
internal sealed record ClusterLine(string Name, ClusterStep Step, Figure Figure, string Peer, double Target);

/// <summary>What is done in one go, in this order. Each step of the cluster's changes needs the ones before it.</summary>
internal enum ClusterStep { Sql, First, Changed, ChangedRate, Blocks, BlocksRate, Restore, RestoreDeltaRate, RestoreDelta, Wal, Latency }

/// <summary>
/// What the database worker has to reach. Changes come twice: as fast as pgbench can, which touches most pages of the cluster, and (<c>-rate</c>) at the
/// declared rate of a busy platform.
/// </summary>
internal static class ClusterLines
{
    private const double Megabyte = 1e6;
    private const string PgBackRest = "pgbackrest";

    // To archive at 0.6 of the rate at which a peer only receives takes 1/0.6 of its time.
    private const double WalTarget = 1 / 0.6;

    public static IReadOnlyList<ClusterLine> All { get; } =
    [
        new("first-sql", ClusterStep.Sql, Figure.Wall, PgBackRest, 0.80),
        new("first", ClusterStep.First, Figure.Wall, PgBackRest, 0.55),
        new("changed", ClusterStep.Changed, Figure.Wall, PgBackRest, 0.50),
        new("changed-added", ClusterStep.Changed, Figure.Size, PgBackRest, 1.20),
        new("changed-rate", ClusterStep.ChangedRate, Figure.Wall, PgBackRest, 0.50),
        new("changed-rate-added", ClusterStep.ChangedRate, Figure.Size, PgBackRest, 1.20),
        new("blocks", ClusterStep.Blocks, Figure.Wall, PgBackRest, 0.50),
        new("blocks-added", ClusterStep.Blocks, Figure.Size, PgBackRest, 0.30),
        new("blocks-rate", ClusterStep.BlocksRate, Figure.Wall, PgBackRest, 0.50),
        new("blocks-rate-added", ClusterStep.BlocksRate, Figure.Size, PgBackRest, 0.30),
        new("restore", ClusterStep.Restore, Figure.Wall, PgBackRest, 1.00),
        new("restore-delta", ClusterStep.RestoreDelta, Figure.Wall, PgBackRest, 0.50),
        new("restore-delta-rate", ClusterStep.RestoreDeltaRate, Figure.Wall, PgBackRest, 0.50),
        new("wal", ClusterStep.Wal, Figure.Wall, "pg_receivewal", WalTarget),
        new("latency", ClusterStep.Latency, Figure.Wall, "alone", 1.10),
        new("memory", ClusterStep.First, Figure.Memory, "limit", 300 * Megabyte),
    ];
}
