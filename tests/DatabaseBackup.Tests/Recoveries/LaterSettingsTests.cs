using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.DatabaseBackup.Tests.Recoveries;

/// <summary>A server whose settings were changed after its base backup: WAL is replayed that was written under the new ones.</summary>
public sealed class LaterSettingsTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Prepared_transactions_and_commit_times_come_back_also_where_the_base_backup_is_of_a_server_without_them()
    {
        await using var bench = await RecoveryBench.StartAsync(15);
        await bench.RunAsync("ALTER SYSTEM SET track_commit_timestamp = off");
        await RestartAsync(bench);
        bench.Archive();
        await bench.BackupAsync("before");

        await bench.RunAsync("ALTER SYSTEM SET track_commit_timestamp = on");
        await bench.RunAsync("ALTER SYSTEM SET max_prepared_transactions = 10");
        await RestartAsync(bench);
        await bench.RunAsync("BEGIN; INSERT INTO ledger (id) VALUES (1000001); PREPARE TRANSACTION 'left open'");
        await bench.WriteAsync(5);
        await bench.CatchUpAsync();
        var last = bench.Ledger[^1];
        await bench.RecoverAsync(new PointInTime { Lsn = last.After }, bench["recovered"]);

        await using (var server = await PrivateServer.StartAsync(Options(bench), TimeProvider.System, Cancelled))
        {
            await using var connection = server.Connect("postgres");
            var (open, committed) = (await connection.QueryAsync(
                $"SELECT (SELECT string_agg(gid, ',') FROM pg_prepared_xacts), pg_xact_commit_timestamp('{last.Xid}'::xid)",
                row => (row.GetString(0), row.GetFieldValue<DateTimeOffset>(1)), Cancelled))[0];
            Assert.Equal(("left open", last.CommittedAt), (open, committed));
        }

        bench.Settings.TestQueries = [new TestQuerySettings { Database = "postgres", Sql = "SELECT count(*) = 1 FROM pg_prepared_xacts" }];
        await bench.ProveAsync();
    }

    private static async Task RestartAsync(RecoveryBench bench)
    {
        await bench.Server.StopAsync(PostgresStop.Fast, Cancelled);
        await bench.Server.StartAgainAsync(Cancelled);
    }

    private static PrivateServerOptions Options(RecoveryBench bench) => new()
    {
        DataDirectory = Path.Combine(bench["recovered"], "pgdata"), BinDirectory = bench.Server.BinDirectory, MajorVersion = bench.Server.Major,
        RunAs = Account.Find(PrivatePostgres.Account),
        Settings = new Dictionary<string, string> { ["max_prepared_transactions"] = "10", ["track_commit_timestamp"] = "on" },
    };
}
