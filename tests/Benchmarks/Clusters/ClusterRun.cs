using StellaOps.Backup.Benchmarks.Measuring;
using StellaOps.Backup.Testing.RabbitMq;

namespace StellaOps.Backup.Benchmarks.Clusters;

/// <summary>
/// Makes clusters and lets the worker and its peers do every step in turn, several times. A worker is a service that has been there for a while: before its first
/// backup it has tried one (<c>stella backup test</c>), before its first restore it has made the dry run that operators make. A peer starts anew each time.
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
        for (var run = 1; run <= options.Runs; run++)
        {
            Log($"run {run} of {options.Runs}");
            var home = Directory.CreateDirectory(Path.Combine(place, "run")).FullName;
            try
            {
                await MeasureAsync(home, cluster, cancellationToken);
            }
            finally
            {
                Directory.Delete(home, recursive: true);
            }
        }

        const string memory = "memory";
        _report.Add(memory, _report.PeakBytes, ClusterLines.All.Single(line => line.Name == memory).Target);
        Console.WriteLine($"scale {options.Scale}; changes of {options.ChurnSeconds} s by pgbench, as fast as it can, and (-rate) at {options.ChurnRate} transactions/s");
        return options.Lines.Select(_report.Print).ToList().TrueForAll(ok => ok);
    }

    private async Task MeasureAsync(string home, SourceCluster cluster, CancellationToken cancellationToken)
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
        if (options.Wants(ClusterStep.Blocks, ClusterStep.BlocksRate))
        {
            await BlocksAsync(home, backups, cancellationToken);
        }

        if (options.Wants(ClusterStep.Restore, ClusterStep.RestoreDelta, ClusterStep.RestoreDeltaRate))
        {
            await RestoresAsync(home, cluster, peer, backups, cancellationToken);
        }

        if (options.Wants(ClusterStep.Wal))
        {
            await new WalStep(options, _workers, _report).RunAsync(home, cluster, cancellationToken);
        }

        if (options.Wants(ClusterStep.Latency))
        {
            await new LatencyStep(options, _workers, _report).RunAsync(home, cluster, backups.StoredBytes, backups.Fast.Transactions / (double)options.ChurnSeconds, cancellationToken);
        }
    }

    private async Task FirstOverSqlAsync(string home, SourceCluster cluster, Measurement full, CancellationToken cancellationToken)
    {
        using var worker = await _workers.StartAsync(
            Path.Combine(home, "sql"), new { Url = Path.Combine(home, "location-sql") }, Workers.Of(cluster, source: "Sql"), cancellationToken);
        await worker.TryAsync(cancellationToken);
        _report.Add("first-sql", (await worker.BackupAsync(cancellationToken)).Cost, full);
        _report.Note("first-sql", worker.PeakBytes);
    }

    private async Task<Backups> BackupsAsync(string home, SourceCluster cluster, PgBackRest peer, Measurement full, CancellationToken cancellationToken)
    {
        var location = Path.Combine(home, "location");
        using var worker = await _workers.StartAsync(Path.Combine(home, "worker"), new { Url = location }, Workers.Of(cluster), cancellationToken);
        await worker.TryAsync(cancellationToken);
        var (cost, first) = await worker.BackupAsync(cancellationToken);
        _report.Add("first", cost, full);
        var stored = DirectorySize.Of(location);
        var fast = await ChangeAsync("changed", perSecond: null);
        var rate = options.WantsRate ? await ChangeAsync("changed-rate", options.ChurnRate) : null;
        _report.Note("backups", worker.PeakBytes);
        return new Backups(location, first.Snapshot!.SnapshotId, peer.Backups[0], stored, fast, rate);

        async Task<ClusterChanges> ChangeAsync(string line, int? perSecond)
        {
            var (ours, theirs) = (DirectorySize.Of(location), DirectorySize.Of(peer.Repository));
            var transactions = await cluster.ChurnAsync(options.ChurnSeconds, perSecond, cancellationToken);
            await cluster.CheckpointAsync(cancellationToken);
            var incremental = await peer.IncrementalAsync(cancellationToken);
            var added = DirectorySize.Of(peer.Repository) - theirs;
            var (cost, result) = await worker.BackupAsync(cancellationToken);
            _report.Add(line, cost, incremental);
            _report.Add($"{line}-added", DirectorySize.Of(location) - ours, added, $"   {transactions} transactions");
            return new ClusterChanges(transactions, result.Snapshot!.SnapshotId, peer.Backups[^1], incremental, added);
        }
    }

    /// <summary>The second cluster is there only for as long, so that the page cache need not hold both.</summary>
    private async Task BlocksAsync(string home, Backups backups, CancellationToken cancellationToken)
    {
        Log($"filling a cluster of PostgreSQL 18 at scale {options.Scale}");
        await using var summarizing = await SourceCluster.StartAsync(18, options.Scale, cancellationToken);
        var changes = new List<(string, ClusterChanges)> { ("blocks", backups.Fast) };
        if (backups.Rate is { } rate)
        {
            changes.Add(("blocks-rate", rate));
        }

        await new BlocksStep(_workers, _report).RunAsync(home, summarizing, changes, cancellationToken);
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
            var newest = (backups.Rate ?? backups.Fast).Snapshot;
            await worker.RestoreAsync(newest, ours, cancellationToken, dryRun: true);
            _report.Add("restore", (await worker.RestoreAsync(newest, ours, cancellationToken)).Cost, peerCost);
            Directory.Delete(ours, recursive: true);
            Directory.Delete(theirs, recursive: true);

            // Over the changed cluster: back to before the changes at a rate, then to before all changes.
            await cluster.CopyStoppedAsync([ours, theirs], cancellationToken);
            if (backups.Rate is not null)
            {
                await RestoreOverAsync("restore-delta-rate", backups.Fast.Snapshot, backups.Fast.PeerBackup);
            }

            await RestoreOverAsync("restore-delta", backups.First, backups.PeerFirst);
            _report.Note("restores", worker.PeakBytes);

            async Task RestoreOverAsync(string line, string snapshot, string peerBackup)
            {
                var theirCost = await peer.RestoreOverAsync(theirs, peerBackup, cancellationToken);
                _report.Add(line, (await worker.RestoreAsync(snapshot, target: null, cancellationToken)).Cost, theirCost);
            }
        }
        finally
        {
            Directory.Delete(memory, recursive: true);
        }
    }

    private static void Log(string line) => Console.Error.WriteLine(line);

    /// <summary>What the backups of a run left.</summary>
    /// <param name="Location">Directory of our repository.</param>
    /// <param name="First">Snapshot before all changes.</param>
    /// <param name="PeerFirst">The peer's backup of then.</param>
    /// <param name="StoredBytes">Size of the repository after the first one.</param>
    /// <param name="Fast">After changes as fast as they come.</param>
    /// <param name="Rate">After changes at the declared rate, which came next.</param>
    private sealed record Backups(string Location, string First, string PeerFirst, long StoredBytes, ClusterChanges Fast, ClusterChanges? Rate);
}
