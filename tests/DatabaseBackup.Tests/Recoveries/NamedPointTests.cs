using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.DatabaseBackup.Tests.Recoveries;

/// <summary>A name that is given every night, and a timeline of which only the replaced data knows.</summary>
public sealed class NamedPointTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_points_with_one_name_the_latest_is_meant_and_no_timeline_begins_that_there_was()
    {
        await using var bench = await RecoveryBench.StartAsync(15);
        bench.Archive();
        await bench.BackupAsync("first");
        await bench.WriteAsync(5);
        await bench.RunAsync("SELECT pg_create_restore_point('before-deploy')");
        await bench.WriteAsync(5);
        await bench.RunAsync("SELECT pg_create_restore_point('before-deploy')");
        await bench.WriteAsync(5);
        await bench.CatchUpAsync();

        await bench.Server.StopAsync(PostgresStop.Fast, Cancelled);
        var history = Path.Combine(bench.Server.DataDirectory, "pg_wal", "00000002.history");
        await File.WriteAllTextAsync(history, "1\t0/3000000\tbefore a restore that was never archived\n", Cancelled);
        var notes = (await bench.RecoverAsync(new PointInTime { Name = "before-deploy" })).Notes;
        Assert.Contains(notes, note => note.StartsWith("recovered to restore point 'before-deploy'", StringComparison.Ordinal));

        await bench.Server.StartAgainAsync(Cancelled);
        Assert.Equal(10L, await bench.RunAsync("SELECT count(*) FROM ledger"));
        Assert.Equal(10L, await bench.RunAsync("SELECT max(id) FROM ledger"));
        Assert.Equal("00000003", await bench.RunAsync("SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)"));
    }
}
