using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.DatabaseBackup.Tests.Recoveries;

/// <summary>The worker dies in the middle of a recovery: what is there is never taken for whole, and the same command ends it.</summary>
public sealed class RecoveryKillTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_recovery_that_is_killed_while_it_writes_and_while_it_replays_leaves_nothing_that_starts_and_can_be_run_again()
    {
        await using var bench = await RecoveryBench.StartAsync(15);
        bench.Archive();
        await bench.BackupAsync("only");
        await bench.WriteAsync(20);
        await bench.RunAsync("SELECT count(pg_logical_emit_message(true, 'load', repeat(md5(i::text), 32768))) FROM generate_series(1, 100) i");
        await bench.WriteAsync(20);
        await bench.CatchUpAsync();
        var target = new PointInTime { Lsn = bench.Ledger[^2].After };
        await bench.Server.StopAsync(cancellationToken: Cancelled);
        var marker = $"{bench.Server.DataDirectory}.restore-incomplete";
        foreach (var (phase, count) in ((string, long)[])[("write", 1), ("replay", 0), ("replay", 3)])
        {
            await RecoveryProcess.DieAsync(bench.Order(target, phase, count));
            Assert.True(File.Exists(marker), $"killed in {phase}: no marker");
            await UntilNoServerAsync(bench);
            await AssertDoesNotStartAsync(bench, phase);
        }

        await bench.RecoverAsync(target);
        Assert.False(File.Exists(marker));
        await bench.Server.StartAgainAsync(Cancelled);
        Assert.Equal(bench.Ledger.Count - 1L, await bench.RunAsync("SELECT count(*) FROM ledger"));
        Assert.Equal(bench.Ledger[^2].Id, await bench.RunAsync("SELECT max(id) FROM ledger"));
        Assert.Empty(Directory.GetDirectories(bench.Settings.ScratchDirectory));
    }

    /// <summary>The server of the recovery finds that nobody fetches WAL for it any more, and ends.</summary>
    private static async Task UntilNoServerAsync(RecoveryBench bench)
    {
        for (var tries = 0; PostmasterFile.FindServer(bench.Server.DataDirectory) is { } process; tries++)
        {
            Assert.True(tries < 300, $"process {process} still works on the data directory");
            await Task.Delay(100, Cancelled);
        }
    }

    /// <summary>As somebody does who sees that the database is down and does not know of the recovery.</summary>
    private static async Task AssertDoesNotStartAsync(RecoveryBench bench, string phase)
    {
        var start = ServerAccount.Wrap(
            PrivatePostgres.Account, Path.Combine(bench.Server.BinDirectory, "pg_ctl"), "start", "-w", "-t", "60", "-s", "-D", bench.Server.DataDirectory, "-l", bench.Server.LogFile);
        var result = await Processes.RunAsync(start[0], start.Skip(1), cancellationToken: Cancelled);
        Assert.True(result.ExitCode != 0, $"killed in {phase}: a server starts on the directory");
    }
}
