using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Wal.Coverage;

namespace StellaOps.Backup.DatabaseBackup.Tests.Recoveries;

/// <summary>A cluster that was brought back to an earlier state, and went on from there.</summary>
public sealed class TimelineChoiceTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_time_means_the_timeline_on_which_the_cluster_was_then()
    {
        await using var bench = await RecoveryBench.StartAsync(15);
        bench.Archive();
        await bench.BackupAsync("first");
        await bench.WriteAsync(20);
        await bench.CatchUpAsync();
        var quiet = await CaughtUpAsync(bench);

        // Back to the tenth transaction: the others are on timeline 1 only.
        await bench.Server.StopAsync(PostgresStop.Fast, Cancelled);
        await bench.RecoverAsync(new PointInTime { Time = bench.Ledger[9].CommittedAt });
        await bench.Server.StartAgainAsync(Cancelled);
        await bench.WriteAsync(10);
        await bench.CatchUpAsync();

        await MeetsAsync(bench, new PointInTime { Time = bench.Ledger[4].CommittedAt }, count: 5, last: 5);
        await MeetsAsync(bench, new PointInTime { Time = bench.Ledger[14].CommittedAt }, count: 15, last: 15);
        await MeetsAsync(bench, new PointInTime { Time = quiet }, count: 20, last: 20);
        await MeetsAsync(bench, new PointInTime { Time = bench.Ledger[14].CommittedAt, Timeline = 2 }, count: 10, last: 10);
        await MeetsAsync(bench, new PointInTime { Time = bench.Ledger[24].CommittedAt }, count: 15, last: 25);

        // Once more, to before timeline 2 left 1: it is no ancestor of the newest timeline, on which nothing is committed yet.
        await bench.Server.StopAsync(PostgresStop.Fast, Cancelled);
        await bench.RecoverAsync(new PointInTime { Time = bench.Ledger[4].CommittedAt });
        await bench.Server.StartAgainAsync(Cancelled);
        await bench.CatchUpAsync();
        await MeetsAsync(bench, new PointInTime { Time = bench.Ledger[24].CommittedAt }, count: 15, last: 25);
        await MeetsAsync(bench, new PointInTime { Time = bench.Ledger[14].CommittedAt }, count: 15, last: 15);

        // Timeline 3 has no transaction, and yet it has begun.
        await MeetsAsync(bench, new PointInTime { Time = await CaughtUpAsync(bench) }, count: 5, last: 5);

        await bench.WriteAsync(5);
        await bench.CatchUpAsync();
        await MeetsAsync(bench, new PointInTime { Time = bench.Ledger[29].CommittedAt }, count: 20, last: 30);
        await MeetsAsync(bench, new PointInTime { Time = bench.Ledger[14].CommittedAt }, count: 15, last: 15);
        await MeetsAsync(bench, new PointInTime { Time = bench.Ledger[32].CommittedAt }, count: 8, last: 33);

        // Every end that is offered can be reached, with the timeline that it is offered for.
        foreach (var window in ReachableWindows.Of(await bench.InventoryAsync(), [.. bench.Bases.Select(Cut)]))
        {
            await bench.RecoverAsync(new PointInTime { Time = window.ToTime, Timeline = (int)window.Timeline }, bench["recovered"], dryRun: true);
        }
    }

    [Fact]
    public async Task A_base_backup_that_seems_older_than_its_commits_does_not_lead_to_a_time_before_them()
    {
        await using var bench = await RecoveryBench.StartAsync(15);
        bench.Archive();
        await bench.BackupAsync("first");
        await bench.WriteAsync(20);

        // The clock of the server is ahead of the worker's: by the latter it ended before the tenth transaction was committed.
        await bench.BackupAsync("second", behind: DateTimeOffset.UtcNow - bench.Ledger[9].CommittedAt + TimeSpan.FromMinutes(1));
        await bench.WriteAsync(10);
        await bench.CatchUpAsync();
        await MeetsAsync(bench, new PointInTime { Time = bench.Ledger[9].CommittedAt }, count: 10, last: 10);
        await MeetsAsync(bench, new PointInTime { Time = bench.Ledger[24].CommittedAt }, count: 25, last: 25);

        // Alone it leads to none of the times before its commits, and is not offered for them.
        bench.Forget("first");
        var refused = await Assert.ThrowsAsync<BackupException>(() => bench.RecoverAsync(new PointInTime { Time = bench.Ledger[9].CommittedAt }, bench["never"]));
        Assert.Equal(ErrorCodes.TargetNotReachable, refused.Error);
        var offered = Assert.Single(ReachableWindows.Of(await bench.InventoryAsync(), [.. bench.Bases.Select(Cut)]));
        Assert.True(offered.FromTime >= bench.Ledger[19].CommittedAt, $"{offered}");
        await bench.RecoverAsync(new PointInTime { Time = offered.FromTime }, bench["never"], dryRun: true);
    }

    /// <summary>A moment at which nothing was committed, and of which the archive says so.</summary>
    private static async Task<DateTimeOffset> CaughtUpAsync(RecoveryBench bench)
    {
        var now = (DateTimeOffset)(DateTime)(await bench.RunAsync("SELECT clock_timestamp()"))!;
        do
        {
            await bench.RunAsync("CHECKPOINT"); // WAL without a transaction: the archive says anew how far it is.
            await bench.CatchUpAsync();
        }
        while (!((await bench.InventoryAsync()).State!.CaughtUpAt >= now));

        return now;
    }

    private static BaseCut Cut(RecoveryBase one) => new(one.PointName, (uint)one.Timeline, Lsn.Parse(one.StartLsn), Lsn.Parse(one.StopLsn), one.FinishedAt);

    private static async Task MeetsAsync(RecoveryBench bench, PointInTime target, long count, long last)
    {
        await bench.RecoverAsync(target, bench["recovered"]);
        Assert.Equal((count, last), await bench.ReadLedgerAsync(bench["recovered"]));
        Directory.Delete(bench["recovered"], recursive: true);
    }
}
