using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Storage;
using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Ledger;
using StellaOps.Backup.Wal.Streaming;
using StellaOps.Backup.Wal.Tests.Bench;

namespace StellaOps.Backup.Wal.Tests.Ledger;

/// <summary>The server may not keep more WAL than <c>max_slot_wal_keep_size</c>, whatever becomes of the archive.</summary>
public sealed class LostSlotTests
{
    private volatile bool _away;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_slot_that_the_server_gave_up_is_a_gap_that_is_named_and_closed_by_a_base_backup_and_archiving_goes_on()
    {
        await using var bench = await StartAsync();
        var archiver = Archive(bench);
        await bench.WriteAsync(20);
        var first = await bench.CatchUpAsync(archiver);
        await LoseAsync(bench, archiver);
        await bench.WriteAsync(20);
        var end = await bench.CatchUpAsync(archiver);
        await WalBench.UntilAsync(() => archiver.Status.OpenGaps == 1, () => $"{archiver.Status}");

        // Both sides of it are whole, and what the full spool held is on the first.
        var inventory = await bench.InventoryAsync();
        var gap = Assert.Single(inventory.Gaps, gap => gap.State == GapState.Open);
        Assert.True(gap.StartLsn > first, $"{gap.StartLsn} {first}");
        Assert.Equal(new MissingRange(1, gap.StartLsn, gap.StopLsn), Assert.Single(GapFinder.Find(inventory)));
        var path = TimelineHistory.First.Path();
        var start = inventory.Files!.StartOf(inventory.Segments.Keys.Min(name => inventory.Files.NumberOf(name)!.Value));
        Assert.Equal(gap.StartLsn, WalCoverage.Prove(inventory, path, start).ReachesTo);
        Assert.True(WalCoverage.Prove(inventory, path, gap.StopLsn, end).IsComplete);
        var windows = ReachableWindows.Of(inventory, [new BaseCut("before", 1, start, start, DateTimeOffset.UnixEpoch), new BaseCut("behind", 1, gap.StopLsn, gap.StopLsn, DateTimeOffset.UnixEpoch)]);
        Assert.Equal([("before", gap.StartLsn), ("behind", windows[^1].To)], windows.Select(window => (window.Points.Single(), window.To)));

        await new GapLedger(bench.Location, inventory.Keys, TimeProvider.System).CloseBeforeAsync(inventory, TimelineHistory.First, end, "base backup of point 'behind'", Cancelled);
        await WalBench.UntilAsync(() => archiver.Status.OpenGaps == 0, () => $"{archiver.Status}");
        await WalBench.UntilAsync(() => archiver.Status.Slot?.WalStatus == "reserved", () => $"{archiver.Status}");
    }

    [Fact]
    public async Task An_earlier_state_of_the_cluster_is_archived_from_the_start_of_its_new_timeline_on_although_wal_behind_it_was_lost()
    {
        await using var bench = await StartAsync();
        var archiver = Archive(bench);
        await bench.WriteAsync(20);
        await bench.CatchUpAsync(archiver);
        await bench.Server.StopAsync(cancellationToken: Cancelled);
        (await Processes.RunAsync("cp", ["-a", bench.Server.DataDirectory, bench["earlier"]], cancellationToken: Cancelled)).Checked();
        await bench.Server.StartAgainAsync(Cancelled);
        await bench.WriteAsync(1);
        await bench.CatchUpAsync(archiver);
        await LoseAsync(bench, archiver);
        await bench.WriteAsync(20);
        await bench.CatchUpAsync(archiver);
        var lost = Assert.Single(GapFinder.Find(await bench.InventoryAsync()));

        await bench.Server.StopAsync(cancellationToken: Cancelled);
        Directory.Delete(bench.Server.DataDirectory, recursive: true);
        Directory.Move(bench["earlier"], bench.Server.DataDirectory);
        await File.AppendAllTextAsync(Path.Combine(bench.Server.DataDirectory, "postgresql.auto.conf"), "restore_command = 'false'\n", Cancelled);
        await File.WriteAllTextAsync(Path.Combine(bench.Server.DataDirectory, "recovery.signal"), "", Cancelled);
        await bench.Server.StartAgainAsync(Cancelled);
        await bench.WriteAsync(8);
        var end = await WalBench.FlushedAsync(bench.Server);
        await WalBench.UntilAsync(
            () => archiver.Status is { Timeline: 2, Activity: WalActivity.Streaming } status && status.Archived >= end,
            () => $"{archiver.Status} has not reached {end}; {string.Join(" | ", archiver.Journal.Lines)}");

        var inventory = await bench.InventoryAsync();
        var history = inventory.History(2)!;
        var start = inventory.Files!.StartOf(inventory.Segments.Keys.Min(name => inventory.Files.NumberOf(name)!.Value));
        Assert.True(end < lost.Start, $"{end} {lost}");
        Assert.True(WalCoverage.Prove(inventory, history.Path(), start, end).IsComplete);
        Assert.Equal(lost, Assert.Single(GapFinder.Find(inventory)));
        Assert.DoesNotContain(inventory.Gaps, gap => gap.Timeline == 2);
    }

    private static Task<WalBench> StartAsync() => WalBench.StartAsync(15, new Dictionary<string, string>
    {
        ["wal_keep_size"] = "0", ["max_wal_size"] = "32MB", ["min_wal_size"] = "32MB", ["max_slot_wal_keep_size"] = "64MB",
    });

    private RunningArchiver Archive(WalBench bench) => bench.Archive(
        new FaultyStore(bench.Location, new FaultRule(Fault.FailAlways) { Matches = _ => _away, Failure = StorageFailure.Unavailable }),
        options => options with { SpoolBytes = 32 << 20, FullPatience = TimeSpan.FromSeconds(1) });

    private async Task LoseAsync(WalBench bench, RunningArchiver archiver)
    {
        // The store is away, and the server goes on: it keeps as much as it may. What the spool holds is let go before that is reached.
        _away = true;
        await WriteUntilSaidAsync(bench, 4, archiver, "replication slot 'stella_main' is about to be lost");

        // The spool is full, too, and the server keeps no more. That no checkpoint fails means that none has to wait for the worker.
        await WriteUntilSaidAsync(bench, 40, archiver, "the server gave up replication slot 'stella_main'");
        _away = false;
        await UntilSaidAsync(archiver, "error: WAL is lost");
    }

    private static async Task WriteUntilSaidAsync(WalBench bench, int mebibytes, RunningArchiver archiver, string text)
    {
        for (var round = 0; !Said(archiver, text); round++)
        {
            Assert.True(round < 200, $"'{text}' was not said: {string.Join('\n', archiver.Journal.Lines)}");

            // Lost once is enough: whoever is slow to see it would make the slot anew, and lose that one, too.
            if (await bench.RunAsync("SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'stella_main'") is not "lost")
            {
                await bench.WriteAsync(mebibytes);
                await bench.RunAsync("CHECKPOINT");
            }

            await Task.Delay(300, Cancelled);
        }
    }

    private static bool Said(RunningArchiver archiver, string text) => archiver.Journal.Lines.Any(line => line.Contains(text, StringComparison.Ordinal));

    private static Task UntilSaidAsync(RunningArchiver archiver, string text) => WalBench.UntilAsync(
        () => Said(archiver, text), () => $"'{text}' was not said: {string.Join('\n', archiver.Journal.Lines)}");
}
