using StellaOps.Backup.Benchmarks.Measuring;
using StellaOps.Backup.Testing.RabbitMq;

namespace StellaOps.Backup.Benchmarks.Clusters;

/// <summary>
/// Makes clusters and lets the worker and its peers do every step in turn, several times. The worker of a first backup has just started, as a
/// peer has; that of the next one did the backup before, as it does where it is deployed.
/// </summary>
internal sealed class ClusterRun(string place, ClusterRunOptions options)
{
    // Memory: two restored copies. It keeps the noise of the disk out of the comparison. It is filled once before each restore, as pages that a virtual
    // machine has not used yet cost many times what others do.
    private const string RestoreRoot = "/dev/shm";

    private readonly ClusterReport _report = new();
    private Workers _workers = null!;

    /// <returns>True when every line reaches its target.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        await using var broker = await PrivateRabbitMq.StartAsync(cancellationToken);
        var password = Path.Combine(place, "broker");
        await File.WriteAllTextAsync(password, broker.Password, cancellationToken);
        await using var dispatcher = await Dispatcher.StartAsync(broker, password, cancellationToken);
        _workers = new Workers(options.Worker, broker, dispatcher);

        Log($"filling a cluster of PostgreSQL 15 at scale {options.Scale}");
        await using var cluster = await SourceCluster.StartAsync(15, options.Scale, cancellationToken);
        await using var summarizing = options.Wants(ClusterStep.Blocks) ? await SourceCluster.StartAsync(18, options.Scale, cancellationToken) : null;
        for (var run = 1; run <= options.Runs; run++)
        {
            Log($"run {run} of {options.Runs}");
            var home = Directory.CreateDirectory(Path.Combine(place, "run")).FullName;
            try
            {
                await MeasureAsync(home, cluster, summarizing, cancellationToken);
            }
            finally
            {
                Directory.Delete(home, recursive: true);
            }
        }

        const string memory = "memory";
        _report.Add(memory, _report.PeakBytes, ClusterLines.All.Single(line => line.Name == memory).Target);
        return options.Lines.Select(_report.Print).ToList().TrueForAll(ok => ok);
    }

    private async Task MeasureAsync(string home, SourceCluster cluster, SourceCluster? summarizing, CancellationToken cancellationToken)
    {
        var peer = new PgBackRest(Path.Combine(home, "pgbackrest"), cluster.Server);
        await peer.InitAsync(cancellationToken);
        await cluster.CheckpointAsync(cancellationToken);
        var full = await peer.FullAsync(cancellationToken);
        if (options.Wants(ClusterStep.Sql))
        {
            await FirstOverSqlAsync(home, cluster, full, cancellationToken);
        }

        var backups = await BackupsAsync(home, cluster, peer, full, cancellationToken);
        if (summarizing is not null)
        {
            await new BlocksStep(_workers, _report).RunAsync(home, summarizing, backups.Transactions, backups.PeerCost, backups.PeerAdded, cancellationToken);
        }

        if (options.Wants(ClusterStep.Restore, ClusterStep.RestoreDelta))
        {
            await RestoresAsync(home, cluster, peer, backups, cancellationToken);
        }

        if (options.Wants(ClusterStep.Wal))
        {
            await new WalStep(options, _workers, _report).RunAsync(home, cluster, cancellationToken);
        }

        if (options.Wants(ClusterStep.Latency))
        {
            await new LatencyStep(options, _workers, _report).RunAsync(home, cluster, backups.StoredBytes, backups.Transactions / (double)options.ChurnSeconds, cancellationToken);
        }
    }

    private async Task FirstOverSqlAsync(string home, SourceCluster cluster, Measurement full, CancellationToken cancellationToken)
    {
        using var worker = await _workers.StartAsync(
            Path.Combine(home, "sql"), new { Url = Path.Combine(home, "location-sql") }, Workers.Of(cluster, source: "Sql"), cancellationToken);
        _report.Add("first-sql", (await worker.BackupAsync(cancellationToken)).Cost, full);
        _report.Note(worker.PeakBytes);
    }

    private async Task<Backups> BackupsAsync(string home, SourceCluster cluster, PgBackRest peer, Measurement full, CancellationToken cancellationToken)
    {
        var location = Path.Combine(home, "location");
        using var worker = await _workers.StartAsync(Path.Combine(home, "worker"), new { Url = location }, Workers.Of(cluster), cancellationToken);
        var (cost, first) = await worker.BackupAsync(cancellationToken);
        _report.Add("first", cost, full);

        var (ours, theirs) = (DirectorySize.Of(location), DirectorySize.Of(peer.Repository));
        var transactions = await cluster.ChurnAsync(options.ChurnSeconds, cancellationToken);
        await cluster.CheckpointAsync(cancellationToken);
        var incremental = await peer.IncrementalAsync(cancellationToken);
        var added = DirectorySize.Of(peer.Repository) - theirs;
        (cost, var last) = await worker.BackupAsync(cancellationToken);
        _report.Add("changed", cost, incremental);
        _report.Add("changed-added", DirectorySize.Of(location) - ours, added, $"   {transactions} transactions");
        _report.Note(worker.PeakBytes);
        return new Backups(location, first.Snapshot!.SnapshotId, last.Snapshot!.SnapshotId, ours, transactions, incremental, added);
    }

    private async Task RestoresAsync(string home, SourceCluster cluster, PgBackRest peer, Backups backups, CancellationToken cancellationToken)
    {
        var memory = Directory.CreateDirectory(Path.Combine(RestoreRoot, $"stella-bench-{Environment.ProcessId}")).FullName;
        var (ours, theirs) = (Path.Combine(memory, "ours"), Path.Combine(memory, "theirs"));
        try
        {
            using var worker = await _workers.StartAsync(
                Path.Combine(home, "restore"), new { Url = backups.Location }, Workers.Stopped(cluster, ours), cancellationToken);
            var bytes = DirectorySize.Of(cluster.Server.DataDirectory);
            PhysicalLimits.Fill(memory, bytes);
            var peerCost = await peer.RestoreAsync(theirs, cancellationToken);
            PhysicalLimits.Fill(memory, bytes);
            _report.Add("restore", (await worker.RestoreAsync(backups.Last, ours, cancellationToken)).Cost, peerCost);
            Directory.Delete(ours, recursive: true);
            Directory.Delete(theirs, recursive: true);

            // Over the changed cluster, back to before the changes.
            await cluster.CopyStoppedAsync([ours, theirs], cancellationToken);
            peerCost = await peer.RestoreFullOverAsync(theirs, cancellationToken);
            _report.Add("restore-delta", (await worker.RestoreAsync(backups.First, null, cancellationToken)).Cost, peerCost);
            _report.Note(worker.PeakBytes);
        }
        finally
        {
            Directory.Delete(memory, recursive: true);
        }
    }

    private static void Log(string line) => Console.Error.WriteLine(line);

    /// <summary>What the backups of a run left.</summary>
    /// <param name="Location">Directory of our repository.</param>
    /// <param name="First">Snapshot before the changes.</param>
    /// <param name="Last">Snapshot after them.</param>
    /// <param name="StoredBytes">Size of the repository after the first one.</param>
    /// <param name="Transactions">Transactions between the two.</param>
    /// <param name="PeerCost">What the peer's incremental backup cost.</param>
    /// <param name="PeerAdded">Bytes that it added.</param>
    private sealed record Backups(string Location, string First, string Last, long StoredBytes, long Transactions, Measurement PeerCost, long PeerAdded);
}
