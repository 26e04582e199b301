using StellaOps.Backup.Benchmarks.Measuring;

namespace StellaOps.Backup.Benchmarks.Clusters;

/// <summary>
/// The same changes on a server that summarizes its WAL. The peer does not know that version; its figures are of the other cluster, which
/// had as many transactions.
/// </summary>
internal sealed class BlocksStep(Workers workers, ClusterReport report)
{
    /// <param name="home">Where files go.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="changes">The line of each, and what the other cluster had.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task RunAsync(string home, SourceCluster cluster, IReadOnlyList<(string Line, ClusterChanges Changes)> changes, CancellationToken cancellationToken)
    {
        var location = Path.Combine(home, "location-blocks");
        await cluster.CheckpointAsync(cancellationToken);
        using var worker = await workers.StartAsync(Path.Combine(home, "blocks"), new { Url = location }, Workers.Of(cluster), cancellationToken);
        await worker.BackupAsync(cancellationToken);
        foreach (var (line, same) in changes)
        {
            var before = DirectorySize.Of(location);
            await cluster.ChurnByAsync(same.Transactions, cancellationToken);
            await cluster.CheckpointAsync(cancellationToken);
            report.Add(line, (await worker.BackupAsync(cancellationToken)).Cost, same.PeerCost);
            report.Add($"{line}-added", DirectorySize.Of(location) - before, same.PeerAdded, $"   {same.Transactions} transactions");
        }

        report.Note("blocks", worker.PeakBytes);
    }
}
