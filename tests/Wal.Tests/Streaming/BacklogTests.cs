using System.Diagnostics;
using System.Globalization;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Wal.Ledger;
using StellaOps.Backup.Wal.Tests.Bench;

namespace StellaOps.Backup.Wal.Tests.Streaming;

/// <summary>
/// A backlog that a slot has kept. <c>STELLA_TEST_WAL_BACKLOG_SCALE</c> is the pgbench scale that makes it: 8 by default, about 100 MB; 150 for
/// figures, about 2 GB. The rate is printed beside that of <c>pg_receivewal</c>, which only receives.
/// </summary>
public sealed class BacklogTests
{
    private static readonly string Scale = Environment.GetEnvironmentVariable("STELLA_TEST_WAL_BACKLOG_SCALE") ?? "8";

    [Fact]
    public async Task A_backlog_is_archived_without_a_hole_and_equals_pg_wal()
    {
        await using var bench = await WalBench.StartAsync(15, new Dictionary<string, string> { ["max_wal_size"] = "20GB", ["wal_keep_size"] = "0" });
        await bench.RunAsync($"SELECT pg_create_physical_replication_slot('{WalBench.Slot}', true), pg_create_physical_replication_slot('peer', true)");
        var start = await WalBench.FlushedAsync(bench.Server);
        var pgbench = Path.Combine(bench.Server.BinDirectory, "pgbench");
        (await Processes.RunAsync(pgbench, ["-h", bench.Server.Host, "-p", $"{bench.Server.Port}", "-U", "postgres", "-i", "-q", "-s", Scale, "postgres"],
            cancellationToken: TestContext.Current.CancellationToken)).Checked();
        await bench.RunAsync("SELECT pg_switch_wal()");
        var end = await WalBench.FlushedAsync(bench.Server);
        var bytes = (double)(end.Value - start.Value);

        var watch = Stopwatch.StartNew();
        var archiver = bench.Archive(change: options => options with { WatchInterval = TimeSpan.FromSeconds(5), TailInterval = TimeSpan.FromSeconds(1), ScrubInterval = TimeSpan.FromMinutes(5) });
        var ends = WalBench.LastWholeSegmentEnd(end);
        await WalBench.UntilAsync(() => archiver.Status.Archived >= ends, () => $"{archiver.Status}");
        var ours = watch.Elapsed;
        var status = archiver.Status;
        var peak = PeakMemory();
        Assert.Empty(GapFinder.Find(await bench.InventoryAsync()));
        Assert.True(await bench.CompareWithServerAsync() > 2);

        var peer = await ReceiveAsync(bench, end.ToString());
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{bytes / 1e6:0} MB of WAL: archived at {bytes / 1e6 / ours.TotalSeconds:0} MB/s ({ours.TotalSeconds:0.00} s, stored {status.BytesStored / 1e6:0} MB), pg_receivewal {bytes / 1e6 / peer.TotalSeconds:0} MB/s; peak {peak / 1e6:0} MB"));
    }

    /// <summary>Of this whole process, the test's own programs included: an upper bound.</summary>
    private static long PeakMemory()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    private static async Task<TimeSpan> ReceiveAsync(WalBench bench, string end)
    {
        var directory = Directory.CreateDirectory(bench["peer"]).FullName;
        var watch = Stopwatch.StartNew();
        (await Processes.RunAsync("/usr/lib/postgresql/15/bin/pg_receivewal",
            ["-h", bench.Server.Host, "-p", $"{bench.Server.Port}", "-U", "postgres", "-D", directory, "-S", "peer", "-n", "--endpos", end],
            cancellationToken: TestContext.Current.CancellationToken)).Checked();
        return watch.Elapsed;
    }
}
