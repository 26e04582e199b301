using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Testing.Postgres;

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

        // Back to the tenth transaction: the others are on timeline 1 only.
        await bench.Server.StopAsync(PostgresStop.Fast, Cancelled);
        await bench.RecoverAsync(new PointInTime { Time = bench.Ledger[9].CommittedAt });
        await bench.Server.StartAgainAsync(Cancelled);
        await bench.WriteAsync(10);
        await bench.CatchUpAsync();

        await MeetsAsync(bench, new PointInTime { Time = bench.Ledger[4].CommittedAt }, count: 5, last: 5);
        await MeetsAsync(bench, new PointInTime { Time = bench.Ledger[14].CommittedAt }, count: 15, last: 15);
        await MeetsAsync(bench, new PointInTime { Time = bench.Ledger[14].CommittedAt, Timeline = 2 }, count: 10, last: 10);
        await MeetsAsync(bench, new PointInTime { Time = bench.Ledger[24].CommittedAt }, count: 15, last: 25);
    }

    private static async Task MeetsAsync(RecoveryBench bench, PointInTime target, long count, long last)
    {
        await bench.RecoverAsync(target, bench["recovered"]);
        Assert.Equal((count, last), await bench.ReadLedgerAsync(bench["recovered"]));
        Directory.Delete(bench["recovered"], recursive: true);
    }
}
