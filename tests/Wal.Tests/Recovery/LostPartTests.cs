using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Recovery;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Recovery;
using StellaOps.Backup.Wal.Tests.Bench;

namespace StellaOps.Backup.Wal.Tests.Recovery;

/// <summary>A part of the segment that was received last is lost, and the documents of the archive still know what was in it.</summary>
public sealed class LostPartTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_time_whose_commits_are_lost_is_refused_and_the_last_one_that_is_there_is_named()
    {
        await using var bench = await WalBench.StartAsync(15, new Dictionary<string, string> { ["track_commit_timestamp"] = "on" });
        var archiver = bench.Archive();
        await bench.WriteAsync(1);
        var start = await bench.CatchUpAsync(archiver);
        var there = await CommitAsync(bench, archiver);
        var known = (await bench.InventoryAsync()).Unfinished.Single();
        var parts = await PartsAsync(bench, known);
        var lost = await CommitAsync(bench, archiver);
        var last = await CommitAsync(bench, archiver);
        await archiver.DisposeAsync();
        var cut = new BaseCut("base", 1, start, start, there.AddMinutes(-1));
        var planned = await PlanAsync(bench, cut, lost);
        Assert.True(planned.Stop.LastCommitAt <= lost && planned.Stop.LastCommitAt > there, $"{planned.Stop}");

        foreach (var part in (await PartsAsync(bench, known)).Except(parts).Where(part => part.From == parts.Max(one => one.To)))
        {
            await bench.Location.DeleteAsync(part.Key, Cancelled);
        }

        foreach (var wanted in (DateTimeOffset[])[lost, last])
        {
            var refused = await Assert.ThrowsAsync<UnreachableException>(() => PlanAsync(bench, cut, wanted));
            Assert.Contains("later than the last commit that can be replayed", refused.Message, StringComparison.Ordinal);
            Assert.True(refused.Windows.Single().ToTime is null || refused.Windows.Single().ToTime <= there, $"{refused.Windows.Single().ToTime:O} {there:O}");
        }

        var reached = await PlanAsync(bench, cut, there);
        Assert.True(reached.Stop.LastCommitAt <= there, $"{reached.Stop}");
    }

    /// <returns>A moment behind the commit that is before the next one.</returns>
    private static async Task<DateTimeOffset> CommitAsync(WalBench bench, RunningArchiver archiver)
    {
        await bench.RunAsync("INSERT INTO load (body) VALUES ('one more')");
        var at = (DateTime)(await bench.RunAsync("SELECT pg_catalog.pg_xact_commit_timestamp(xmin) FROM load ORDER BY id DESC LIMIT 1"))!;
        await bench.CatchUpAsync(archiver);
        return new DateTimeOffset(at, TimeSpan.Zero);
    }

    private static async Task<IReadOnlyList<ArchivedTail>> PartsAsync(WalBench bench, Postgres.Wal.WalName name) => (await bench.InventoryAsync()).Tails(name);

    private static async Task<RecoveryPlan> PlanAsync(WalBench bench, BaseCut cut, DateTimeOffset time) =>
        await new RecoveryPlanner(await bench.InventoryAsync(), bench.Reader, [cut], 16 << 20)
            .PlanAsync(new RecoveryTarget { Kind = RecoveryTargetKind.Time, Time = time }, null, Cancelled);
}
