using System.Diagnostics;
using System.Globalization;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Tests.Recoveries;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Decorators;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Storage;
using StellaOps.Backup.Wal.Ledger;
using StellaOps.Backup.Wal.Streaming;

namespace StellaOps.Backup.DatabaseBackup.Tests.Wal;

/// <summary>
/// One bad night: the store is slow, the worker is replaced, the store is full (a real file system without room), the spool is full, the
/// store is away. pgbench goes on all the time, and every transaction of the ledger comes back.
/// </summary>
public sealed class StormTests
{
    /// <summary>How long the store stays full, and then away.</summary>
    private static readonly TimeSpan Outage =
        TimeSpan.FromSeconds(int.TryParse(Environment.GetEnvironmentVariable("STELLA_TEST_OUTAGE_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : 0);

    private volatile bool _away;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Slow_full_and_absent_stores_a_full_spool_and_a_replaced_worker_cost_no_byte_and_never_stop_the_server()
    {
        await using var bench = await RecoveryBench.StartAsync(15);
        await using var disk = await SmallDisk.MountAsync(bench["location"], "600m", Cancelled);
        await using var files = new LocalObjectStore(bench["location"]);
        var pgbench = Path.Combine(bench.Server.BinDirectory, "pgbench");
        string[] server = ["-h", bench.Server.Host, "-p", $"{bench.Server.Port}", "-U", "postgres"];
        (await Processes.RunAsync(pgbench, [.. server, "-i", "-q", "-s", "2", "postgres"], cancellationToken: Cancelled)).Checked();
        bench.Archive(new ThrottledStore(files, 100_000, null, TimeProvider.System));
        await bench.BackupAsync("before");
        var load = Processes.RunAsync(pgbench, [.. server, "-n", "-c", "4", "-T", $"{15 + (int)(2 * Outage.TotalSeconds)}", "postgres"], cancellationToken: Cancelled);

        // Slow: it collects in the spool.
        await WriteAsync(bench, 40);
        await bench.UntilAsync(() => bench.Archiver.SpoolSegments >= 2);

        // Another worker, with nothing but the settings.
        await bench.StopArchivingAsync();
        bench.Archive(new FaultyStore(files, new FaultRule(Fault.FailAlways) { Matches = _ => _away, Failure = StorageFailure.Unavailable }), options => options with
        {
            SpoolDirectory = bench["other-spool"], SpoolBytes = 48 << 20,
        });
        await bench.CatchUpAsync();

        // No room, until the spool is full, too; then somebody makes room.
        await disk.FillAsync(Cancelled);
        await WriteAsync(bench, 80);
        await bench.UntilAsync(() => bench.Archiver is { StoreFailures: > 0, Problem: not null } status && status.SpoolSegments == status.SpoolCapacity);
        await Task.Delay(Outage, Cancelled);
        disk.Free();
        await bench.CatchUpAsync();

        // Away for a while.
        _away = true;
        await WriteAsync(bench, 20);
        var before = bench.Archiver.StoreFailures;
        await bench.UntilAsync(() => bench.Archiver.StoreFailures > before);
        await Task.Delay(Outage, Cancelled);
        var behind = bench.Archiver;
        _away = false;
        var watch = Stopwatch.StartNew();
        await bench.CatchUpAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"after {Outage.TotalSeconds:0} s without room and {Outage.TotalSeconds:0} s away: {(behind.Server.Value - behind.Archived.Value) >> 20} MiB behind, {behind.Slot?.RetainedBytes >> 20} MiB kept by the server, {behind.StoreFailures} failed writes; caught up in {watch.Elapsed.TotalSeconds:0.0} s");

        var ran = (await load).Checked();
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', ran.Output.Split('\n').Where(line => line.Contains("transactions", StringComparison.Ordinal) || line.Contains("tps", StringComparison.Ordinal))));
        Assert.Contains("number of failed transactions: 0 ", ran.Output, StringComparison.Ordinal);
        await bench.WriteAsync(3);
        await bench.CatchUpAsync();
        await AssertWholeAsync(bench);
        await bench.RecoverAsync(new PointInTime { Xid = bench.Ledger[^1].Xid }, bench["recovered"]);
        Assert.Equal((bench.Ledger.Count, bench.Ledger[^1].Id), await bench.ReadLedgerAsync(bench["recovered"]));
    }

    /// <summary>A few transactions of the ledger, and so many MiB of WAL beside them that hardly get smaller.</summary>
    private static async Task WriteAsync(RecoveryBench bench, int mebibytes)
    {
        await bench.WriteAsync(5);
        await bench.RunAsync($"""
            SELECT count(pg_logical_emit_message(true, 'load', (SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 32768) WHERE i > 0))) FROM generate_series(1, {mebibytes}) i
            """);
        await bench.WriteAsync(5);
    }

    private static async Task AssertWholeAsync(RecoveryBench bench)
    {
        var inventory = await bench.InventoryAsync();
        Assert.Empty(GapFinder.Find(inventory));
        Assert.Empty(inventory.Gaps);
        Assert.Empty(inventory.Conflicts);
        Assert.Equal(0, bench.Archiver.OpenGaps);
        Assert.Null(bench.Archiver.Problem);
    }
}
