using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Ledger;
using StellaOps.Backup.Wal.Manifests;
using StellaOps.Backup.Wal.Tests.Bench;

namespace StellaOps.Backup.Wal.Tests.Streaming;

public sealed class FailoverTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_promoted_standby_is_followed_to_its_timeline_and_the_switch_is_no_gap()
    {
        await using var bench = await WalBench.StartAsync(15);
        await using var standby = await PrivatePostgres.StartStandbyAsync(bench.Server, new Dictionary<string, string> { ["wal_keep_size"] = "1GB" }, Cancelled);
        var first = bench.Archive();
        await bench.WriteAsync(40);
        await bench.RunAsync("SELECT pg_create_restore_point('the last of the first')");
        await bench.RunAsync("INSERT INTO load (body) VALUES ('last')");
        var before = await bench.CatchUpAsync(first);
        await first.DisposeAsync();
        var known = (await bench.InventoryAsync()).State!;
        Assert.True(known.Tail is { LastCommitAt: not null } && known.Tail.LastCommitAt == known.LastCommitAt, $"{known}");

        // What the old primary still writes on its timeline is lost by the failover, and does not become a gap.
        await WalBench.RunAsync(standby, "SELECT pg_promote()");
        await bench.Server.StopAsync(PostgresStop.Immediate, Cancelled);
        await bench.WriteAsync(40, standby);
        var second = bench.Archive(server: standby);
        var end = await bench.CatchUpAsync(second, standby);

        var inventory = await bench.InventoryAsync();
        var history = inventory.History(2)!;
        Assert.Equal(1u, history.Parent!.Timeline);
        Assert.Equal(2u, second.Status.Timeline);
        Assert.Empty(GapFinder.Find(inventory));
        Assert.Empty(inventory.Gaps);
        Assert.True(await bench.CompareWithServerAsync(standby) > 2);

        // What was known of the timeline that was left is known for ever: when its last commits were, and what points are named in its end.
        var left = ArchivedRanges.Of(inventory).Last(range => range.Timeline == 1);
        Assert.Equal((true, known.LastCommitAt), (left.HasTail, left.LastCommitAt));
        Assert.Contains(new CommitTimes(inventory).RestorePoints(), one => one is { Timeline: 1, Point.Name: "the last of the first" });
        Assert.Equal(known.Tail, inventory.Manifests.Last(manifest => manifest.Content.Timeline == 1).Content.Tail, SameTail);
        Assert.DoesNotContain(inventory.State!.Open, entry => entry.Name.StartsWith("00000001", StringComparison.Ordinal));
        Assert.Empty(ManifestChain.Breaks(inventory));

        // A base backup from before the switch reaches both sides of it.
        var files = inventory.Files!;
        var start = files.StartOf(inventory.Segments.Keys.Min(name => files.NumberOf(name)!.Value));
        var windows = ReachableWindows.Of(inventory, [new BaseCut("base", 1, start, start, DateTimeOffset.UnixEpoch)]);
        var window = windows.Single(window => window.Timeline == 2);
        Assert.Equal(start, window.From);
        Assert.True(window.To >= end, $"{window.To} {end}"); // The server may write on by itself.
        Assert.True(before > start && history.Parent.At >= before && end > history.Parent.At, $"{start} {before} {history.Parent.At} {end}");
    }

    private static bool SameTail(TailEntry? one, TailEntry? other) =>
        (one?.Name, one?.StopLsn, one?.FirstCommitAt, one?.LastCommitAt, one?.RestorePoints.Count) == (other?.Name, other?.StopLsn, other?.FirstCommitAt, other?.LastCommitAt, other?.RestorePoints.Count);
}
