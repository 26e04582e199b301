using System.Globalization;
using StellaOps.Backup.Benchmarks.Measuring;

namespace StellaOps.Backup.Benchmarks.Clusters;

/// <summary>
/// What a throttled backup does to the transactions of the cluster, which come at a quarter of the rate that it can do. The cluster makes a
/// checkpoint every 30 seconds, as small ones do every few minutes; the backup starts with one of these.
/// </summary>
internal sealed class LatencyStep(ClusterRunOptions options, Workers workers, ClusterReport report)
{
    private const double Share = 0.25;

    /// <param name="home">Where files go.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="storedBytes">What a backup of it stores.</param>
    /// <param name="perSecond">Transactions that it can do in a second.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task RunAsync(string home, SourceCluster cluster, long storedBytes, double perSecond, CancellationToken cancellationToken)
    {
        await cluster.TextAsync("ALTER SYSTEM SET checkpoint_timeout = '30s'", cancellationToken);
        await cluster.TextAsync("SELECT pg_reload_conf()", cancellationToken);
        await cluster.CheckpointAsync(cancellationToken);
        var alone = await cluster.LatencyAsync(perSecond * Share, options.LatencySeconds, cancellationToken);

        // Twice as long as the latencies are looked at.
        var limit = storedBytes / (2 * options.LatencySeconds);
        using var worker = await workers.StartAsync(
            Path.Combine(home, "throttled"), new { Url = Path.Combine(home, "location-throttled"), UploadBytesPerSecond = limit }, Workers.Sparing(cluster), cancellationToken);
        var backup = worker.BackupAsync(cancellationToken);
        var beside = await cluster.LatencyAsync(perSecond * Share, options.LatencySeconds, cancellationToken);
        if (backup.IsCompleted)
        {
            throw new BenchmarkException($"the backup was to last longer than {options.LatencySeconds} s");
        }

        report.Add("latency", beside, alone, string.Create(CultureInfo.InvariantCulture, $"   {perSecond * Share:F0} transactions/s, {limit / 1e6:F0} MB/s stored"));
    }
}
