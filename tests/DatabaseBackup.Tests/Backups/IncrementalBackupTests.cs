using System.Text.RegularExpressions;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;
using StellaOps.Backup.Postgres.Checks;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.DatabaseBackup.Tests.Backups;

/// <summary>What is read is counted at the server: in its log of statements.</summary>
public abstract partial class IncrementalBackupTests(int major)
{
    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Unchanged_files_are_not_read_again_and_the_copy_is_equal()
    {
        await using var bench = await StartAsync();
        var (elsewhere, accounts) = (await PathAsync(bench, "elsewhere"), await PathAsync(bench, "accounts"));
        await PassAsync(bench, elsewhere);
        var all = await ReadByBackupAsync(bench);
        Assert.Contains(elsewhere, all);
        Assert.Contains(accounts, all);

        // However busy the machine is, something has changed when the backup begins.
        await bench.Cluster.Server.ExecuteAsync("UPDATE accounts SET balance = balance + 1 WHERE id = 1", cancellationToken: Cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var writer = WriteAsync(bench, stop.Token);
        var second = await ReadByBackupAsync(bench);
        await stop.CancelAsync();
        await writer;
        Assert.Contains(accounts, second);
        Assert.DoesNotContain(elsewhere, second);
        Assert.InRange(second.Count, 1, all.Count / 5);

        // Built on a snapshot that was read while its files were written.
        var expected = await bench.Cluster.DigestAsync(Cancellation);
        var third = await bench.BackupAsync();
        Assert.Equal(Outcome.Complete, third.Outcome);
        Assert.InRange(third.Snapshot!.Files, all.Count, all.Count + 100);
        await bench.Restic.RunAsync(["restore", third.Snapshot.SnapshotId, "--target", bench["restored"]], Cancellation);
        await using var server = await bench.StartServerAsync(Path.Combine(bench["restored"], "pgdata"));
        await using var copy = server.Connect("postgres");
        Assert.Equal(expected, await PlatformCluster.DigestAsync(copy, Cancellation));
        Assert.Empty((await new Amcheck().RunAsync(copy, "postgres", null, Cancellation)).Problems);
    }

    private protected async Task<Workbench> StartAsync()
    {
        var bench = await Workbench.StartAsync(major);
        var server = bench.Cluster.Server;
        await server.ExecuteAsync("ALTER SYSTEM SET log_statement = 'all'", cancellationToken: Cancellation);
        await bench.StopVacuumingAsync();

        // Reading sets hint bits; the next checkpoint would write every page once more.
        await bench.Cluster.DigestAsync(Cancellation);
        await server.ExecuteAsync("CHECKPOINT", cancellationToken: Cancellation);
        return bench;
    }

    private protected static async Task<HashSet<string>> ReadByBackupAsync(Workbench bench)
    {
        var before = (await LogAsync(bench)).Length;
        Assert.Equal(Outcome.Complete, (await bench.BackupAsync()).Outcome);
        return [.. Read().Matches((await LogAsync(bench))[before..]).Select(match => match.Groups[1].Value)];
    }

    private protected static async Task<string> LogAsync(Workbench bench)
    {
        await using var log = new FileStream(bench.Cluster.Server.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(log);
        return await reader.ReadToEndAsync(Cancellation);
    }

    private protected static async Task<string> PathAsync(Workbench bench, string table) =>
        (string)(await bench.Cluster.Server.ExecuteAsync($"SELECT pg_relation_filepath('{table}')", cancellationToken: Cancellation))!;

    private protected static async Task<string> StatAsync(Workbench bench, string path) =>
        (string)(await bench.Cluster.Server.ExecuteAsync($"SELECT concat_ws(' ', size, modification, change) FROM pg_stat_file('{path}')", cancellationToken: Cancellation))!;

    // The clock of the files has to go on by that much since the file changed.
    private protected static async Task PassAsync(Workbench bench, string path)
    {
        const int seconds = 4;
        while (!(bool)(await bench.Cluster.Server.ExecuteAsync(
            $"SELECT clock_timestamp() > change + interval '{seconds} s' FROM pg_stat_file('{path}')", cancellationToken: Cancellation))!)
        {
            await Task.Delay(100, Cancellation);
        }
    }

    private protected static async Task WriteAsync(Workbench bench, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await bench.Cluster.Server.ExecuteAsync("""
                WITH paid AS (UPDATE accounts SET balance = balance + 1 WHERE id IN (SELECT 1 + (random() * 49999)::int FROM generate_series(1, 5)) RETURNING id)
                INSERT INTO history (account, delta) SELECT id, 1 FROM paid
                """, cancellationToken: Cancellation);
        }
    }

    [GeneratedRegex(@"COPY \(\s+SELECT pg_catalog\.pg_read_binary_file\('([^']+)'")]
    private static partial Regex Read();
}

public sealed class IncrementalBackup15Tests() : IncrementalBackupTests(15)
{
    [Fact]
    public async Task A_file_written_in_the_second_of_a_backup_is_read_by_the_next_one_although_nothing_about_it_changed()
    {
        await using var bench = await StartAsync();
        var accounts = await PathAsync(bench, "accounts");

        // The checkpoint at the start of the backup writes the file, right before it is listed and read.
        await bench.Cluster.Server.ExecuteAsync("UPDATE accounts SET balance = 1 WHERE id = 1", cancellationToken: Cancellation);
        Assert.Contains(accounts, await ReadByBackupAsync(bench));
        var before = await StatAsync(bench, accounts);
        await PassAsync(bench, accounts);
        Assert.Contains(accounts, await ReadByBackupAsync(bench));
        Assert.Equal(before, await StatAsync(bench, accounts));
        Assert.DoesNotContain(accounts, await ReadByBackupAsync(bench));
    }

    [Fact]
    public async Task A_damaged_snapshot_ends_no_later_backup_and_is_named()
    {
        await using var bench = await StartAsync();
        var first = await bench.BackupAsync();
        var second = await bench.BackupAsync();
        var damaged = $"snapshots/{first.Snapshot!.SnapshotId}";
        var content = await bench.Location.ReadAllAsync(damaged, 1 << 20, Cancellation);
        content[^1] ^= 1;
        await bench.Location.PutAsync(damaged, content, PutMode.Replace, Cancellation);

        var task = new TestTask();
        var third = await bench.BackupAsync(task);

        Assert.Equal(Outcome.Complete, third.Outcome);
        var saved = await bench.Repository.LoadSnapshotAsync(ComponentRepository.ParseId(third.Snapshot!.SnapshotId), Cancellation);
        Assert.Equal(second.Snapshot!.SnapshotId, saved.Parent?.ToString());
        Assert.Contains(task.Lines, line => line.StartsWith($"{damaged} is damaged", StringComparison.Ordinal));
    }
}

public sealed class IncrementalBackup18Tests() : IncrementalBackupTests(18);
