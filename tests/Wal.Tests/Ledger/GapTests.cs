using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Ledger;
using StellaOps.Backup.Wal.Manifests;
using StellaOps.Backup.Wal.Tests.Bench;

namespace StellaOps.Backup.Wal.Tests.Ledger;

public sealed class GapTests
{
    [Theory]
    [InlineData(15)]
    [InlineData(18)]
    public async Task A_deleted_segment_is_noticed_named_and_refilled_from_pg_wal(int major)
    {
        await using var bench = await WalBench.StartAsync(major);
        var archiver = bench.Archive();
        await bench.WriteAsync(60);
        await bench.CatchUpAsync(archiver);
        var victim = await MiddleAsync(bench);

        await bench.Location.DeleteAsync(victim.Key, TestContext.Current.CancellationToken);
        var said = $"segment {victim.Name} was missing from the archive and was refilled from pg_wal";
        await WalBench.UntilAsync(() => archiver.Journal.Lines.Any(line => line.Contains(said, StringComparison.Ordinal)), () => string.Join('\n', archiver.Journal.Lines));
        Assert.True(File.Exists(Path.Combine(bench.Location.Description, victim.Key)));
        Assert.True(await bench.CompareWithServerAsync() > 2);
    }

    [Fact]
    public async Task A_segment_that_is_nowhere_opens_a_gap_which_its_return_refills()
    {
        await using var bench = await WalBench.StartAsync(15, new Dictionary<string, string> { ["wal_keep_size"] = "0" });
        var archives = Directory.CreateDirectory(bench["archives"]).FullName;
        var archiver = bench.Archive(change: options => options with { ArchiveDirectory = archives });
        await bench.WriteAsync(60);
        await bench.CatchUpAsync(archiver);
        await bench.RunAsync("CHECKPOINT");
        await bench.WriteAsync(20);
        var end = await bench.CatchUpAsync(archiver);
        var victim = await MiddleAsync(bench);
        var content = await bench.Reader.ReadAsync(victim.Name.ToString(), TestContext.Current.CancellationToken);
        File.Delete(Path.Combine(bench.Server.DataDirectory, "pg_wal", victim.Name.ToString()));

        await bench.Location.DeleteAsync(victim.Key, TestContext.Current.CancellationToken);
        await WalBench.UntilAsync(() => archiver.Status.OpenGaps == 1, () => string.Join('\n', archiver.Journal.Lines));
        var inventory = await bench.InventoryAsync();
        var gap = Assert.Single(inventory.Gaps);
        Assert.Equal((GapState.Open, victim.Name.ToString(), victim.Name.ToString()), (gap.State, gap.FirstSegment, gap.LastSegment));

        // A base before the gap opens a window up to it, one behind it a window to the end.
        var first = inventory.Files!.StartOf(inventory.Segments.Keys.Select(name => inventory.Files.NumberOf(name)!.Value).Min());
        var windows = ReachableWindows.Of(inventory, [Base("before", first), Base("behind", gap.StopLsn)]);
        Assert.Equal(["before", "behind"], windows.Select(window => window.Points.Single()));
        Assert.Equal(gap.StartLsn, windows[0].To);
        Assert.True(windows[1].To >= end, $"{windows[1].To} {end}"); // The server may write on by itself.

        var closed = await new GapLedger(bench.Location, inventory.Keys, TimeProvider.System)
            .CloseBeforeAsync(inventory, TimelineHistory.First, gap.StopLsn, "point 'behind'", TestContext.Current.CancellationToken);
        Assert.Equal(GapState.Closed, Assert.Single(closed).State);
        await WalBench.UntilAsync(() => archiver.Status.OpenGaps == 0, () => $"{archiver.Status}");

        await File.WriteAllBytesAsync(Path.Combine(archives, victim.Name.ToString()), content!, TestContext.Current.CancellationToken);
        await WalBench.UntilAsync(() => archiver.Journal.Lines.Any(line => line.Contains(archives, StringComparison.Ordinal)), () => string.Join('\n', archiver.Journal.Lines));
        await UntilStateAsync(bench, GapState.Refilled);
        Assert.Empty(GapFinder.Find(await bench.InventoryAsync()));
    }

    [Fact]
    public async Task Wal_that_the_server_removed_before_it_was_archived_is_a_gap_at_once()
    {
        await using var bench = await WalBench.StartAsync(15, new Dictionary<string, string> { ["wal_keep_size"] = "0", ["max_wal_size"] = "32MB", ["min_wal_size"] = "32MB" });
        var first = bench.Archive();
        await WalBench.UntilAsync(() => first.Status.Slot is not null, () => $"{first.Status}");
        await bench.WriteAsync(20);
        await bench.CatchUpAsync(first);
        await first.DisposeAsync();
        await bench.RunAsync($"SELECT pg_drop_replication_slot('{WalBench.Slot}')");
        for (var round = 0; round < 4; round++)
        {
            await bench.WriteAsync(30);
            await bench.RunAsync("CHECKPOINT");
        }

        var second = bench.Archive();
        await WalBench.UntilAsync(() => second.Journal.Lines.Any(line => line.StartsWith("error: WAL is lost", StringComparison.Ordinal)), () => string.Join('\n', second.Journal.Lines));
        var recorded = Assert.Single((await bench.InventoryAsync()).Gaps);
        await bench.WriteAsync(20);
        var end = await bench.CatchUpAsync(second);
        await WalBench.UntilAsync(() => second.Status.OpenGaps == 1, () => $"{second.Status}");
        var inventory = await bench.InventoryAsync();
        Assert.Equal((recorded.StartLsn, recorded.StopLsn, GapState.Open), (inventory.Gaps.Single().StartLsn, inventory.Gaps.Single().StopLsn, inventory.Gaps.Single().State));
        Assert.Equal(new MissingRange(1, recorded.StartLsn, recorded.StopLsn), Assert.Single(GapFinder.Find(inventory)));
        Assert.True(WalCoverage.Prove(inventory, TimelineHistory.First.Path(), recorded.StopLsn, end).IsComplete);
    }

    [Fact]
    public async Task A_segment_that_is_refilled_for_other_recipients_than_its_manifest_knew_is_no_gap_and_stays_none()
    {
        await using var bench = await WalBench.StartAsync(15);
        var first = bench.Archive(change: options => options with { ManifestInterval = TimeSpan.Zero });
        await bench.WriteAsync(60);
        await bench.CatchUpAsync(first);
        var victim = await MiddleAsync(bench);
        await UntilAsync(bench, inventory => inventory.Manifests.Any(manifest => manifest.Content.Segments.Any(entry => entry.Name == victim.Name.ToString())));
        await first.DisposeAsync();

        var second = bench.Archive(forMore: true);
        await bench.Location.DeleteAsync(victim.Key, TestContext.Current.CancellationToken);
        await WalBench.UntilAsync(() => second.Journal.Lines.Any(line => line.Contains("was refilled from pg_wal", StringComparison.Ordinal)), () => string.Join('\n', second.Journal.Lines));
        await bench.WriteAsync(20);
        await bench.CatchUpAsync(second);
        await UntilAsync(bench, inventory => inventory.State!.Open.Any(entry => entry.Name == victim.Name.ToString()));
        await second.DisposeAsync();

        var third = bench.Archive(forMore: true);
        await bench.WriteAsync(20);
        await bench.CatchUpAsync(third);
        await UntilAsync(bench, inventory => inventory.State!.ArchivedTo == third.Status.Archived);
        var after = await bench.InventoryAsync();
        Assert.NotEqual(victim.Length, after.Segments[victim.Name].Length);
        Assert.Empty(GapFinder.Find(after));
        Assert.Empty(after.Gaps);
        Assert.Empty(ManifestChain.Breaks(after));
        Assert.Single(second.Journal.Lines.Concat(third.Journal.Lines), line => line.Contains("was refilled", StringComparison.Ordinal));
    }

    private static BaseCut Base(string name, Lsn start) => new(name, 1, start, start, DateTimeOffset.UnixEpoch);

    private static async Task<ArchivedSegment> MiddleAsync(WalBench bench)
    {
        var segments = (await bench.InventoryAsync()).Segments.Values.OrderBy(segment => segment.Name.ToString(), StringComparer.Ordinal).ToList();
        return segments[segments.Count / 2];
    }

    private static async Task UntilAsync(WalBench bench, Func<WalInventory, bool> condition)
    {
        for (var tries = 0; !condition(await bench.InventoryAsync()); tries++)
        {
            Assert.True(tries < 400, $"{(await bench.InventoryAsync()).State}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    private static async Task UntilStateAsync(WalBench bench, GapState state)
    {
        GapState? found = null;
        for (var tries = 0; found != state && tries < 200; tries++)
        {
            found = (await bench.InventoryAsync()).Gaps.Single().State;
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        Assert.Equal(state, found);
    }
}
