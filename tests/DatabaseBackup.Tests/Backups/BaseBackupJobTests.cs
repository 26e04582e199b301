using System.Globalization;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Checks;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.DatabaseBackup.Tests.Backups;

public abstract class BaseBackupJobTests(int major)
{
    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_restic_restores_starts_and_is_equal()
    {
        await using var bench = await Workbench.StartAsync(major);
        var expected = await bench.Cluster.DigestAsync(Cancellation);
        var result = await bench.BackupAsync();
        Assert.Equal((Outcome.Complete, 0L), (result.Outcome, result.MissingCount));
        await bench.Restic.RunAsync(["check", "--read-data"], Cancellation);
        await bench.Restic.RunAsync(["restore", result.Snapshot!.SnapshotId, "--target", bench["restored"]], Cancellation);

        Assert.True(File.Exists(Path.Combine(bench["restored"], "base-backup.json")));
        await using var server = await bench.StartServerAsync(Path.Combine(bench["restored"], "pgdata"));
        await using (var copy = server.Connect("postgres"))
        {
            Assert.Equal(expected, await PlatformCluster.DigestAsync(copy, Cancellation));
            Assert.Equal(0L, (await copy.QueryAsync("SELECT count(*) FROM public.forgotten", row => row.GetInt64(0), Cancellation))[0]);
            var location = (await copy.QueryAsync("SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'other'", row => row.GetString(0), Cancellation))[0];
            Assert.StartsWith("../../tablespaces/", location, StringComparison.Ordinal);
        }

        await using var odd = server.Connect(PlatformCluster.OddDatabase);
        Assert.Equal(7, (await odd.QueryAsync("SELECT i FROM public.here", row => row.GetInt32(0), Cancellation))[0]);
    }

    [Fact]
    public async Task Every_transaction_committed_before_the_end_is_there_however_much_is_written_meanwhile()
    {
        await using var bench = await Workbench.StartAsync(major);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var writers = Enumerable.Range(0, 3).Select(number => WriteAsync(bench.Cluster, number, stop.Token)).ToArray();
        while ((long)(await bench.Cluster.Server.ExecuteAsync("SELECT count(*) FROM history", cancellationToken: Cancellation))! < 50)
        {
            await Task.Delay(20, Cancellation);
        }

        var result = await bench.BackupAsync();
        await stop.CancelAsync();
        var committed = (await Task.WhenAll(writers)).SelectMany(rows => rows).ToList();
        Assert.Equal(Outcome.Complete, result.Outcome);
        await bench.Restic.RunAsync(["restore", result.Snapshot!.SnapshotId, "--target", bench["restored"]], Cancellation);

        await using var server = await bench.StartServerAsync(Path.Combine(bench["restored"], "pgdata"));
        await using var copy = server.Connect("postgres");
        var sums = await copy.QueryAsync(
            "SELECT (SELECT sum(balance)::bigint FROM public.accounts), sum(delta)::bigint FROM public.history", row => (row.GetInt64(0), row.GetInt64(1)), Cancellation);
        Assert.Equal(sums[0].Item1, sums[0].Item2);
        var present = (await copy.QueryAsync("SELECT id FROM public.history", row => row.GetInt64(0), Cancellation)).ToHashSet();
        var (start, end) = (Lsn.Parse(result.Snapshot.Database!.StartLsn), Lsn.Parse(result.Snapshot.Database.StopLsn));
        Assert.Contains(committed, row => row.After > start && row.After <= end);
        Assert.All(committed.Where(row => row.After <= end), row => Assert.Contains(row.Id, present));
        Assert.Empty((await new Amcheck().RunAsync(copy, "postgres", null, Cancellation)).Problems);
    }

    // Each row with a WAL position at which its transaction was committed already.
    private protected static async Task<List<(long Id, Lsn After)>> WriteAsync(PlatformCluster cluster, int number, CancellationToken stop)
    {
        await using var connection = new ClusterConnection(cluster.Server.ConnectionString);
        var random = new Random(number);
        var committed = new List<(long, Lsn)>();
        while (!stop.IsCancellationRequested)
        {
            var (account, delta) = (random.Next(1, 50001), random.Next(-1000, 1000));
            var ids = await connection.QueryAsync(string.Create(CultureInfo.InvariantCulture, $"""
                WITH paid AS (UPDATE public.accounts SET balance = balance + {delta} WHERE id = {account} RETURNING id)
                INSERT INTO public.history (account, delta) SELECT id, {delta} FROM paid RETURNING id
                """), row => row.GetInt64(0), CancellationToken.None);
            var after = await connection.QueryAsync("SELECT pg_current_wal_insert_lsn()::text", row => Lsn.Parse(row.GetString(0)), CancellationToken.None);
            committed.Add((ids[0], after[0]));
        }

        return committed;
    }
}

public sealed class BaseBackupJob15Tests() : BaseBackupJobTests(15)
{
    [Fact]
    public async Task A_flipped_bit_in_a_page_is_reported_by_file_and_block()
    {
        await using var bench = await Workbench.StartAsync(15);
        var path = (string)(await bench.Cluster.Server.ExecuteAsync("SELECT pg_relation_filepath('accounts')", cancellationToken: Cancellation))!;
        using (var file = File.OpenHandle(Path.Combine(bench.Cluster.Server.DataDirectory, path), FileMode.Open, FileAccess.ReadWrite))
        {
            var one = new byte[1];
            RandomAccess.Read(file, one, (17 * 8192) + 5000);
            one[0] ^= 1;
            RandomAccess.Write(file, one, (17 * 8192) + 5000);
        }

        var result = await bench.BackupAsync();
        Assert.Equal((Outcome.Incomplete, 1L), (result.Outcome, result.MissingCount));
        var missing = Assert.Single(result.Missing);
        Assert.Equal(path, missing.Path);
        Assert.Contains("block 17 ", missing.Reason, StringComparison.Ordinal);

        // Nothing wrote to the file since: a backup that took it over unread must not be the clean one.
        var again = await bench.BackupAsync();
        Assert.Equal((Outcome.Incomplete, path), (again.Outcome, Assert.Single(again.Missing).Path));
    }

    [Fact]
    public async Task A_page_of_garbage_is_reported_although_its_position_would_be_behind_the_start()
    {
        await using var bench = await Workbench.StartAsync(15);
        await bench.StopVacuumingAsync();
        await bench.RunAsync("CHECKPOINT");
        var path = (string)(await bench.Cluster.Server.ExecuteAsync("SELECT pg_relation_filepath('accounts')", cancellationToken: Cancellation))!;
        using (var file = File.OpenHandle(Path.Combine(bench.Cluster.Server.DataDirectory, path), FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.Write(file, Enumerable.Repeat((byte)0xA7, 8192).ToArray(), 17 * 8192);
        }

        var result = await bench.BackupAsync();
        var missing = Assert.Single(result.Missing);
        Assert.Equal((Outcome.Incomplete, path), (result.Outcome, missing.Path));
        Assert.Contains("block 17 ", missing.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_private_key_in_a_cluster_with_group_access_comes_back_for_its_owner_alone()
    {
        await using var bench = await Workbench.StartAsync(15);
        var data = bench.Cluster.Server.DataDirectory;
        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);
        File.SetUnixFileMode(data, (UnixFileMode)0b111_101_000);
        await File.WriteAllTextAsync(Path.Combine(data, "server.key"), "a key", Cancellation);
        File.SetUnixFileMode(Path.Combine(data, "server.key"), (UnixFileMode)0b110_000_000);
        await ServerAccount.GiveAsync(PrivatePostgres.Account, Path.Combine(data, "server.key"), Cancellation);
        await bench.Cluster.Server.StartAgainAsync(Cancellation);

        var result = await bench.BackupAsync();
        await bench.RestoreAsync(result.Snapshot!.SnapshotId, spec => spec with { TargetDirectory = bench["restored"] });
        Assert.Equal(
            ((UnixFileMode)0b110_000_000, (UnixFileMode)0b110_100_000),
            (File.GetUnixFileMode(Path.Combine(bench["restored"], "pgdata", "server.key")), File.GetUnixFileMode(Path.Combine(bench["restored"], "pgdata", "PG_VERSION"))));
    }

    [Fact]
    public async Task A_tablespace_whose_disk_is_not_mounted_fails_the_backup()
    {
        await using var bench = await Workbench.StartAsync(15);
        await bench.StopVacuumingAsync();
        await bench.RunAsync("CHECKPOINT");
        var directory = Directory.GetDirectories(bench.Cluster.TablespaceLocation).Single();
        Directory.Move(directory, $"{directory}.unmounted");
        var failed = await Assert.ThrowsAsync<ClusterException>(() => bench.BackupAsync());
        Assert.Equal(ClusterFailure.Unsuitable, failed.Failure);
        Assert.Contains($"the directory of tablespace 'other', {directory}, is not there", failed.Message, StringComparison.Ordinal);

        Directory.Move($"{directory}.unmounted", directory);
        Assert.Equal(Outcome.Complete, (await bench.BackupAsync()).Outcome);
    }

    [Fact]
    public async Task A_tablespace_inside_of_the_data_directory_is_refused()
    {
        await using var bench = await Workbench.StartAsync(15);
        await bench.RunAsync("ALTER ROLE postgres SET allow_in_place_tablespaces = on");
        await bench.RunAsync("CREATE TABLESPACE inside LOCATION ''");
        var refused = await Assert.ThrowsAsync<ClusterException>(() => bench.BackupAsync());
        Assert.Equal(ClusterFailure.Unsuitable, refused.Failure);
        Assert.Contains("tablespace 'inside' lies inside of the data directory", refused.Message, StringComparison.Ordinal);
    }
}

public sealed class BaseBackupJob18Tests() : BaseBackupJobTests(18)
{
    [Fact]
    public async Task The_result_says_where_the_backup_stands()
    {
        await using var bench = await Workbench.StartAsync(18);
        await bench.StopVacuumingAsync();
        var snapshot = (await bench.BackupAsync()).Snapshot!;
        var cut = snapshot.Database!;
        Assert.Equal(18, cut.MajorVersion);
        Assert.Equal(1, cut.Timeline);
        Assert.True(cut.PageChecksums);
        Assert.Equal(await bench.Cluster.Server.ExecuteAsync("SELECT system_identifier::text FROM pg_control_system()", cancellationToken: Cancellation), cut.SystemIdentifier);
        Assert.Equal(4, cut.Databases.Count);
        Assert.Contains(cut.Databases, database => database.Name == PlatformCluster.OddDatabase);
        var migrations = Assert.Single(cut.Databases.Single(database => database.Name == "postgres").Migrations);
        Assert.Equal(("one", "001_start", "c0ffee"), (migrations.Schema, migrations.Applied[0].Name, migrations.Applied[0].Checksum));
        Assert.True(snapshot.Files > 900 && snapshot.Bytes > 30_000_000 && snapshot.BytesAdded > 1_000_000);

        // A second backup of the same data adds little: pages that did not change are the same blobs.
        var second = (await bench.BackupAsync()).Snapshot!;
        Assert.InRange(second.BytesAdded, 1, snapshot.BytesAdded / 5);
    }
}
