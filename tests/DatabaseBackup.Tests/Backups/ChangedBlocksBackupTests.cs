using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;
using StellaOps.Backup.Postgres.Checks;

namespace StellaOps.Backup.DatabaseBackup.Tests.Backups;

/// <summary>Backups that read only blocks that changed since the one before, by the server's summaries of WAL.</summary>
public sealed class ChangedBlocksBackupTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // What moves, makes or removes blocks in every way that the server has. Some fail in some orders, and need not succeed.
    private static readonly string[] Operations =
    [
        "UPDATE accounts SET balance = balance + 1 WHERE id % 97 = $",
        "UPDATE accounts SET filler = repeat('x', 1000 + $) WHERE id BETWEEN 100 * $ AND 100 * $ + 50",
        "INSERT INTO history (account, delta) SELECT i, $ FROM generate_series(1, 5000) i",
        "DELETE FROM accounts WHERE id > 30000 + 10 * $", "VACUUM (TRUNCATE) accounts", "VACUUM (FREEZE) history",
        "INSERT INTO accounts SELECT i, 0, md5(i::text) FROM generate_series(30001, 50000) i ON CONFLICT DO NOTHING",
        "TRUNCATE elsewhere", "INSERT INTO elsewhere SELECT i, repeat(md5(i::text), 20) FROM generate_series(1, 3000) i ON CONFLICT DO NOTHING",
        "ALTER TABLE elsewhere SET TABLESPACE pg_default", "ALTER TABLE elsewhere SET TABLESPACE other",
        "CREATE TABLE made_$ AS SELECT i, md5(i::text) AS text FROM generate_series(1, 8000) i", "DROP TABLE IF EXISTS made_$",
        "CREATE INDEX ON accounts USING hash (balance)", "CREATE INDEX ON accounts USING brin (id)", "CREATE INDEX ON accounts USING gist (point(id, balance))",
        "REINDEX TABLE accounts", "VACUUM FULL history", "CLUSTER accounts USING accounts_pkey", "ALTER TABLE accounts ALTER balance TYPE numeric", "ALTER TABLE accounts ALTER balance TYPE bigint",
        "ALTER TABLE forgotten SET LOGGED", "ALTER TABLE forgotten SET UNLOGGED", "INSERT INTO forgotten SELECT generate_series(1, 1000)",
        "CREATE DATABASE copy_$ STRATEGY file_copy", "CREATE DATABASE copy_$ STRATEGY wal_log", "DROP DATABASE IF EXISTS copy_$", "ALTER DATABASE copy_$ SET TABLESPACE other",
        "SELECT lo_put(4242, $ * 1000, decode(repeat('cd', 50000), 'hex'))", "CREATE SEQUENCE numbers_$", "SELECT nextval('numbers_$') FROM generate_series(1, 100)",
        "CHECKPOINT", "SELECT pg_switch_wal()", "kill",
    ];

    [Theory]
    [InlineData("Sql")]
    [InlineData("Directory", Explicit = true)]
    public async Task Whatever_changes_the_snapshot_is_the_one_of_a_backup_that_reads_everything(string source)
    {
        await using var bench = await StartAsync();

        // A server that was killed shows by the last WAL of the backup before that it is still the same one.
        await bench.RunAsync("ALTER SYSTEM SET wal_keep_size = '10GB'");
        await bench.RunAsync("SELECT pg_reload_conf()");
        bench.Settings.Source = Enum.Parse<FileSource>(source);
        await BackupAsync(bench, ReadRule.All);
        var seed = int.Parse(Environment.GetEnvironmentVariable("STELLA_TEST_SEEDS") ?? "5");
        var random = new Random(seed);
        for (var round = 0; round < 4; round++)
        {
            for (var i = 0; i < 8; i++)
            {
                await ChangeAsync(bench, Operations[random.Next(Operations.Length)].Replace("$", $"{random.Next(5)}", StringComparison.Ordinal));
            }

            await BackupAsync(bench, ReadRule.ChangedBlocks);
        }

        // Looking at the rows sets hint bits, which are changes, too; after the checkpoint nothing moves any more.
        var expected = await bench.Cluster.DigestAsync(Cancellation);
        await bench.Cluster.Server.ExecuteAsync("CHECKPOINT", cancellationToken: Cancellation);
        var blocks = await BackupAsync(bench, ReadRule.ChangedBlocks);
        bench.Settings.FullReadDays = 0;
        var everything = await BackupAsync(bench, ReadRule.All);
        Assert.Equal(await bench.RelationsAsync(everything), await bench.RelationsAsync(blocks));

        await bench.Restic.RunAsync(["restore", blocks.Snapshot!.SnapshotId, "--target", bench["restored"]], Cancellation);
        await using var server = await bench.StartServerAsync(Path.Combine(bench["restored"], "pgdata"));
        await using var copy = server.Connect("postgres");
        Assert.Equal(expected, await PlatformCluster.DigestAsync(copy, Cancellation));
        Assert.Empty((await new Amcheck().RunAsync(copy, "postgres", null, Cancellation)).Problems);
    }

    [Fact]
    public async Task A_backup_beside_writers_builds_on_one_beside_writers()
    {
        await using var bench = await StartAsync();
        await BackupAsync(bench, ReadRule.All);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var writers = Enumerable.Range(0, 2).Select(_ => WriteAsync(bench, stop.Token)).ToArray();
        TaskResult last = null!;
        for (var i = 0; i < 4; i++)
        {
            last = await BackupAsync(bench, ReadRule.ChangedBlocks);
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        await bench.Restic.RunAsync(["restore", last.Snapshot!.SnapshotId, "--target", bench["restored"]], Cancellation);
        await using var server = await bench.StartServerAsync(Path.Combine(bench["restored"], "pgdata"));
        await using var copy = server.Connect("postgres");
        var sums = await copy.QueryAsync(
            "SELECT (SELECT sum(balance)::bigint FROM public.accounts), (SELECT sum(delta)::bigint FROM public.history)", row => (row.GetInt64(0), row.GetInt64(1)), Cancellation);
        Assert.Equal(sums[0].Item1, sums[0].Item2);
        Assert.True(sums[0].Item1 > 0);
        Assert.Empty((await new Amcheck().RunAsync(copy, "postgres", null, Cancellation)).Problems);
    }

    [Fact]
    public async Task One_changed_row_costs_a_few_blocks()
    {
        await using var bench = await StartAsync();
        var first = await BackupAsync(bench, ReadRule.All);
        await bench.Cluster.Server.ExecuteAsync("UPDATE accounts SET balance = 5 WHERE id = 25000", cancellationToken: Cancellation);
        var second = await BackupAsync(bench, ReadRule.ChangedBlocks);
        Assert.Equal(first.Snapshot!.Bytes, first.Snapshot.BytesRead);
        Assert.InRange(second.Snapshot!.BytesRead!.Value, 1, first.Snapshot.Bytes / 2);
        Assert.Null(second.Snapshot.Database!.ReadReason);
    }

    [Fact]
    public async Task Without_all_summaries_changed_files_are_read_and_the_result_says_why()
    {
        await using var bench = await StartAsync();
        await bench.SummarizeAsync(on: false);
        await BackupAsync(bench, ReadRule.All);
        Assert.Equal("summarize_wal is off", (await BackupAsync(bench, ReadRule.ChangedFiles)).Snapshot!.Database!.ReadReason);

        // Summaries that begin after the last backup do not reach it.
        await bench.Cluster.Server.ExecuteAsync("UPDATE accounts SET balance = 5 WHERE id = 25000", cancellationToken: Cancellation);
        await bench.Cluster.Server.ExecuteAsync("CHECKPOINT", cancellationToken: Cancellation);
        foreach (var summary in Directory.GetFiles(Path.Combine(bench.Cluster.Server.DataDirectory, "pg_wal", "summaries"), "*.summary"))
        {
            File.Delete(summary);
        }

        await bench.SummarizeAsync();
        var reason = (await BackupAsync(bench, ReadRule.ChangedFiles)).Snapshot!.Database!.ReadReason;
        Assert.Matches("the server has (no summary of the WAL at|summarized WAL to)", reason);
        await BackupAsync(bench, ReadRule.ChangedBlocks);
    }

    private static async Task<Workbench> StartAsync()
    {
        var bench = await Workbench.StartAsync(18);
        bench.SmallDatabase = 0; // Indexes are cut otherwise than tables.
        await bench.StopVacuumingAsync();
        await bench.SummarizeAsync();
        return bench;
    }

    private static async Task<TaskResult> BackupAsync(Workbench bench, ReadRule expected)
    {
        var result = await bench.BackupAsync();
        Assert.Equal((Outcome.Complete, expected, null), (result.Outcome, result.Snapshot!.Database!.Read, expected == ReadRule.ChangedBlocks ? result.Snapshot.Database.ReadReason : null));
        return result;
    }

    private static async Task ChangeAsync(Workbench bench, string operation)
    {
        if (operation == "kill")
        {
            await bench.Cluster.Server.KillAsync(Cancellation);
            await bench.Cluster.Server.StartAgainAsync(Cancellation);
            return;
        }

        try
        {
            await bench.Cluster.Server.ExecuteAsync(operation, cancellationToken: Cancellation);
        }
        catch (Npgsql.PostgresException refused)
        {
            TestContext.Current.SendDiagnosticMessage($"{operation}: {refused.MessageText}");
        }
    }

    private static async Task WriteAsync(Workbench bench, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await bench.Cluster.Server.ExecuteAsync("""
                WITH paid AS (UPDATE accounts SET balance = balance + 1 WHERE id IN (SELECT 1 + (random() * 49999)::int FROM generate_series(1, 5)) RETURNING id)
                INSERT INTO history (account, delta) SELECT id, 1 FROM paid
                """, cancellationToken: Cancellation);
        }
    }
}
