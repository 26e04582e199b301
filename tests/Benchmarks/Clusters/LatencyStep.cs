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
    private const int CheckpointSeconds = 30;

    /// <param name="home">Where files go.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="storedBytes">What a backup of it stores.</param>
    /// <param name="perSecond">Transactions that it can do in a second.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task RunAsync(string home, SourceCluster cluster, long storedBytes, double perSecond, CancellationToken cancellationToken)
    {
        await cluster.TextAsync($"ALTER SYSTEM SET checkpoint_timeout = '{CheckpointSeconds}s'", cancellationToken);
        await cluster.TextAsync("SELECT pg_reload_conf()", cancellationToken);
        await cluster.CheckpointAsync(cancellationToken);

        // One checkpoint after the other from here on, each spread over the time to the next.
        await cluster.LatencyAsync(perSecond * Share, CheckpointSeconds, cancellationToken);

        // Alone before and after, so that a disk that becomes slower, or faster, counts for nothing.
        var before = await cluster.LatencyAsync(perSecond * Share, options.LatencySeconds / 2, cancellationToken);
        var limit = storedBytes / (2 * options.LatencySeconds); // The backup takes twice as long as it is looked at.
        var beside = await BesideAsync(home, cluster, perSecond, limit, cancellationToken);
        var after = await cluster.LatencyAsync(perSecond * Share, options.LatencySeconds / 2, cancellationToken);
        report.Add("latency", beside, (before + after) / 2, string.Create(
            CultureInfo.InvariantCulture, $"   {perSecond * Share:F0} transactions/s, {limit / 1e6:F0} MB/s stored; alone {before * 1000:F2} ms before, {after * 1000:F2} ms after"));
    }

    private async Task<double> BesideAsync(string home, SourceCluster cluster, double perSecond, long limit, CancellationToken cancellationToken)
    {
        using var worker = await workers.StartAsync(
            Path.Combine(home, "throttled"), new { Url = Path.Combine(home, "location-throttled"), UploadBytesPerSecond = limit }, Workers.Sparing(cluster), cancellationToken);
        await worker.TryAsync(cancellationToken);
        await WorkerProcess.SettleAsync(cancellationToken);
        var backup = worker.BackupAtOnceAsync(cancellationToken);
        var beside = await cluster.LatencyAsync(perSecond * Share, options.LatencySeconds, cancellationToken);
        if (backup.IsCompleted)
        {
            throw new BenchmarkException($"the backup was to last longer than {options.LatencySeconds} s");
        }

        return beside;
    }
}
