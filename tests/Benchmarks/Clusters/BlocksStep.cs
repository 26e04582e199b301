using StellaOps.Backup.Benchmarks.Measuring;

namespace StellaOps.Backup.Benchmarks.Clusters;

/// <summary>
/// The same changes on a server that summarizes its WAL. The peer does not know that version; its figures are of the other cluster, which
/// had as many transactions.
/// </summary>
internal sealed class BlocksStep(Workers workers, ClusterReport report)
{
    public async Task RunAsync(string home, SourceCluster cluster, long transactions, Measurement incremental, long added, CancellationToken cancellationToken)
    {
        var location = Path.Combine(home, "location-blocks");
        await cluster.CheckpointAsync(cancellationToken);
        using var worker = await workers.StartAsync(Path.Combine(home, "blocks"), new { Url = location }, Workers.Of(cluster), cancellationToken);
        await worker.BackupAsync(cancellationToken);
        var before = DirectorySize.Of(location);
        await cluster.ChurnByAsync(transactions, cancellationToken);
        await cluster.CheckpointAsync(cancellationToken);
        report.Add("blocks", (await worker.BackupAsync(cancellationToken)).Cost, incremental);
        report.Add("blocks-added", DirectorySize.Of(location) - before, added, $"   {transactions} transactions");
        report.Note(worker.PeakBytes);
    }
}
