using System.Globalization;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Wal.Recovery;

namespace StellaOps.Backup.DatabaseBackup.Tests.Recoveries;

public sealed class TotalLossTests
{
    /// <summary>How long pgbench writes before the loss, with tails as often as in a real installation; 0: only until there is something to lose.</summary>
    private static readonly int Seconds = int.TryParse(Environment.GetEnvironmentVariable("STELLA_TEST_LOSS_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_deleted_data_directory_comes_back_from_the_archive_alone_and_archiving_goes_on_along_the_new_timeline()
    {
        await using var bench = await RecoveryBench.StartAsync(15);
        await RunPgbenchAsync(bench, "-i", "-q", "-s", "2");
        bench.Archive(change: options => Seconds > 0 ? options with { TailInterval = TimeSpan.FromSeconds(5) } : options);
        await bench.BackupAsync("only");
        var load = RunPgbenchAsync(bench, "-n", "-c", "4", "-T", $"{Seconds + 3600}");
        var writing = bench.WriteToTheEndAsync();
        await bench.UntilAsync(() => bench.Ledger.Count > 200 && bench.Archiver.Archived > Lsn.Parse(bench.Ledger[100].After));
        await Task.Delay(TimeSpan.FromSeconds(Seconds), Cancelled);
        await bench.Server.KillAsync(Cancelled);
        Directory.Delete(bench.Server.DataDirectory, recursive: true);
        await writing;
        await load;

        // The end of what can be had, as the refusal of too late a target names it.
        var refused = await Assert.ThrowsAsync<BackupException>(() => bench.RecoverAsync(new PointInTime { Time = DateTimeOffset.UtcNow.AddHours(1) }));
        var end = Assert.IsType<UnreachableException>(refused.InnerException).Windows[^1];
        Assert.False(Directory.Exists(bench.Server.DataDirectory));
        await bench.RecoverAsync(new PointInTime { Lsn = end.To.ToString() });
        await bench.Server.StartAgainAsync(Cancelled);
        var kept = (long)(await bench.RunAsync("SELECT count(*) FROM ledger"))!;
        Assert.Equal(kept, await bench.RunAsync("SELECT max(id) FROM ledger"));
        Assert.True(kept > 0);
        var lost = bench.Ledger[^1].CommittedAt - bench.Ledger[(int)Math.Min(kept, bench.Ledger.Count) - 1].CommittedAt;

        // One that was committed and not answered any more may be there as well.
        TestContext.Current.TestOutputHelper?.WriteLine($"of {bench.Ledger.Count} answered transactions {Math.Max(0, bench.Ledger.Count - kept)} were lost: {lost.TotalSeconds:0.00} s");

        // Nobody does anything: the archiver follows to the new timeline, and backups go on.
        await bench.RunAsync("INSERT INTO ledger (id) VALUES (1000001)");
        await bench.RunAsync("SELECT pg_create_restore_point('reborn')");
        await bench.RunAsync("INSERT INTO ledger (id) VALUES (1000002)");
        await bench.CatchUpAsync();
        await bench.RecoverAsync(new PointInTime { Name = "reborn" }, bench["again"]);
        Assert.Equal((kept + 1, 1000001), await bench.ReadLedgerAsync(bench["again"]));
        await bench.BackupAsync("after");
        Assert.Equal(2, bench.Bases[0].Timeline);
    }

    private static Task<ProcessResult> RunPgbenchAsync(RecoveryBench bench, params IEnumerable<string> arguments) => Processes.RunAsync(
        Path.Combine(bench.Server.BinDirectory, "pgbench"),
        ["-h", bench.Server.Host, "-p", $"{bench.Server.Port}", "-U", "postgres", .. arguments, "postgres"], cancellationToken: Cancelled);
}
