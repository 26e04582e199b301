using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;
using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Ledger;
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
        await using var bench = await WalBench.StartAsync(15, new Dictionary<string, string>
        {
            ["wal_keep_size"] = "0", ["max_wal_size"] = "32MB", ["min_wal_size"] = "32MB", ["max_slot_wal_keep_size"] = "64MB",
        });
        var location = new FaultyStore(bench.Location, new FaultRule(Fault.FailAlways) { Matches = _ => _away, Failure = StorageFailure.Unavailable });
        var archiver = bench.Archive(location, options => options with { SpoolBytes = 32 << 20, FullPatience = TimeSpan.FromSeconds(1) });
        await bench.WriteAsync(20);
        var first = await bench.CatchUpAsync(archiver);

        // The store is away, and the server goes on: it keeps as much as it may. What the spool holds is let go before that is reached.
        _away = true;
        await WriteUntilSaidAsync(bench, 4, archiver, "replication slot 'stella_main' is about to be lost");

        // The spool is full, too, and the server keeps no more. That no checkpoint fails means that none has to wait for the worker.
        await WriteUntilSaidAsync(bench, 40, archiver, "the server gave up replication slot 'stella_main'");
        _away = false;
        await UntilSaidAsync(archiver, "error: WAL is lost");
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
