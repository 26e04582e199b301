using System.Diagnostics;
using System.Globalization;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Benchmarks.Measuring;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Local;

namespace StellaOps.Backup.Benchmarks.Clusters;

/// <summary>
/// A backlog of WAL that waits behind two slots: one for a program that only receives it, one for the worker, which compresses, encrypts
/// and archives it. Both are timed from the moment when the server begins to send.
/// </summary>
internal sealed class WalStep(ClusterRunOptions options, Workers workers, ClusterReport report)
{
    private const string OurSlot = "stella_main", PeerSlot = "bench";
    private const int RowsOfPage = 61;

    public async Task RunAsync(string home, SourceCluster cluster, CancellationToken cancellationToken)
    {
        await cluster.TextAsync($"SELECT pg_create_physical_replication_slot('{OurSlot}', true), pg_create_physical_replication_slot('{PeerSlot}', true)", cancellationToken);
        try
        {
            var (bytes, last, end) = await WriteAsync(cluster, cancellationToken);
            var received = Directory.CreateDirectory(Path.Combine(home, "received")).FullName;
            var theirs = await MeasuredProcess.RunAsync(
                [
                    cluster.Program("pg_receivewal"), "-h", cluster.Server.SocketDirectory, "-p", $"{cluster.Server.Port}", "-U", "postgres",
                    "-D", received, "-S", PeerSlot, "--endpos", end, "--no-loop",
                ],
                home, new Dictionary<string, string>(), cancellationToken);
            Directory.Delete(received, recursive: true);

            // Where a slot waits, a worker makes no location of its own accord.
            var location = Path.Combine(home, "location-wal");
            await LocationFile.EnsureAsync(new LocalObjectStore(location), cancellationToken);
            var section = Workers.Of(cluster);
            section["Wal"] = System.Text.Json.JsonSerializer.SerializeToNode(new
            {
                Enabled = true,
                Recipients = new[] { X25519Identity.Generate().Recipient.ToString() },
                SpoolDirectory = Path.Combine(home, "spool"),
            });
            await MeasuredProcess.RunAsync("sync", [], "/", new Dictionary<string, string>(), cancellationToken);
            using var worker = await workers.StartUnheardAsync(Path.Combine(home, "wal"), new { Url = location }, section, cancellationToken);
            await worker.WaitAsync(() => IsActiveAsync(cluster, cancellationToken), cancellationToken);
            var (started, processor) = (Stopwatch.GetTimestamp(), worker.ProcessorSeconds);
            await worker.WaitAsync(() => Task.FromResult(Directory.Exists(location) && Directory.EnumerateFiles(location, $"{last}-*", SearchOption.AllDirectories).Any()), cancellationToken);
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            var remark = string.Create(CultureInfo.InvariantCulture, $"   {bytes / seconds / 1e6:F0} to {bytes / theirs.WallSeconds / 1e6:F0} MB/s");
            report.Add("wal", seconds, theirs.WallSeconds, remark);
            report.Note("wal", worker.PeakBytes);
        }
        finally
        {
            await DropSlotsAsync(cluster, CancellationToken.None);
        }
    }

    // One row of every page: after a checkpoint, its first change writes all of it.
    private async Task<(double Bytes, string LastSegment, string End)> WriteAsync(SourceCluster cluster, CancellationToken cancellationToken)
    {
        var bytes = 0.0;
        for (var row = 0; bytes < options.BacklogBytes; row++)
        {
            await cluster.CheckpointAsync(cancellationToken);
            await cluster.TextAsync($"UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid % {RowsOfPage} = {row % RowsOfPage}", cancellationToken);
            bytes = double.Parse(
                await cluster.TextAsync($"SELECT pg_current_wal_lsn() - restart_lsn FROM pg_replication_slots WHERE slot_name = '{OurSlot}'", cancellationToken),
                CultureInfo.InvariantCulture);
        }

        var end = await cluster.TextAsync("SELECT pg_switch_wal()", cancellationToken);
        return (bytes, await cluster.TextAsync($"SELECT pg_walfile_name('{end}')", cancellationToken), end);
    }

    private static async Task<bool> IsActiveAsync(SourceCluster cluster, CancellationToken cancellationToken) =>
        (bool)(await cluster.Server.ExecuteAsync($"SELECT active FROM pg_replication_slots WHERE slot_name = '{OurSlot}'", cancellationToken: cancellationToken))!;

    // A worker that was killed has its slot until the server notices.
    private static async Task DropSlotsAsync(SourceCluster cluster, CancellationToken cancellationToken)
    {
        while (await cluster.TextAsync("SELECT count(*) FILTER (WHERE active) FROM pg_replication_slots", cancellationToken) != "0")
        {
            await cluster.TextAsync("SELECT count(pg_terminate_backend(active_pid)) FROM pg_replication_slots WHERE active", cancellationToken);
            await Task.Delay(100, cancellationToken);
        }

        await cluster.TextAsync("SELECT count(pg_drop_replication_slot(slot_name)) FROM pg_replication_slots", cancellationToken);
    }
}
