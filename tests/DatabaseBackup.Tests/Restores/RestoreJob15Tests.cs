using Npgsql;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.DatabaseBackup.Tests.Restores;

public sealed class RestoreJob15Tests() : RestoreJobTests(15)
{
    [Fact]
    public async Task A_tablespace_goes_where_it_is_wanted_and_never_over_other_files()
    {
        await using var bench = await Workbench.StartAsync(15);
        var expected = await bench.Cluster.DigestAsync(Cancellation);
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);
        Task<TaskResult> RestoreAsync(string from, string to) =>
            bench.RestoreAsync(snapshot, spec => spec with { Tablespaces = [new TablespacePlace { From = from, To = to }] });
        async Task RequireRefusedAsync(Func<Task<TaskResult>> restore, string foreign)
        {
            var refused = await Assert.ThrowsAsync<BackupException>(restore);
            Assert.Equal(ErrorCodes.TargetNotEmpty, refused.Error);
            Assert.Contains($"{Path.GetDirectoryName(foreign)} holds files", refused.Message, StringComparison.Ordinal);
            Assert.True(File.Exists(foreign));
        }

        var unknown = await Assert.ThrowsAsync<BackupException>(() => RestoreAsync("nowhere", bench["moved"]));
        Assert.Equal((ErrorCodes.InvalidInput, true), (unknown.Error, unknown.Hint!.Contains("'other'", StringComparison.Ordinal)));
        var version = Path.GetFileName(Directory.GetDirectories(bench.Cluster.TablespaceLocation).Single());
        var taken = Path.Combine(Directory.CreateDirectory(Path.Combine(bench["taken"], version)).FullName, "16384");
        await File.WriteAllTextAsync(taken, "", Cancellation);
        await RequireRefusedAsync(() => RestoreAsync("other", bench["taken"]), taken);

        // A restore that broke off, and was to go elsewhere, allows nothing there.
        var marker = $"{bench.Cluster.Server.DataDirectory}.restore-incomplete";
        await File.WriteAllTextAsync(marker, $"{Path.Combine(bench["moved"], version)}\n", Cancellation);
        await RequireRefusedAsync(() => RestoreAsync("other", bench["taken"]), taken);
        File.Delete(marker);

        // The tablespace was dropped, and another cluster has the location now.
        var foreign = Path.Combine(bench.Cluster.TablespaceLocation, version, "16384");
        await File.WriteAllTextAsync(foreign, "", Cancellation);
        File.Delete(TablespaceLink(bench.Cluster.Server.DataDirectory).FullName);
        await RequireRefusedAsync(() => bench.RestoreAsync(snapshot), foreign);
        await RequireRefusedAsync(() => bench.RestoreAsync(snapshot, spec => spec with { KeepReplaced = true }), foreign);
        Assert.False(File.Exists(marker));

        Directory.Delete(Path.Combine(bench.Cluster.TablespaceLocation, version), recursive: true);
        await RestoreAsync(bench.Cluster.TablespaceLocation, bench["moved"]);
        Assert.Equal(bench["moved"], TablespaceLink(bench.Cluster.Server.DataDirectory).LinkTarget);
        await bench.Cluster.Server.StartAgainAsync(Cancellation);
        Assert.Equal(expected, await bench.Cluster.DigestAsync(Cancellation));
        Assert.Empty(Directory.EnumerateFileSystemEntries(bench.Cluster.TablespaceLocation));
    }

    /// <summary>A restore with a target leaves such links, and the cluster may be taken into use where it is.</summary>
    [Fact]
    public async Task A_tablespace_behind_a_relative_link_is_backed_up_and_restored_as_one()
    {
        await using var bench = await Workbench.StartAsync(15);
        var expected = await bench.Cluster.DigestAsync(Cancellation);
        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);
        var link = TablespaceLink(bench.Cluster.Server.DataDirectory).FullName;
        File.Delete(link);
        File.CreateSymbolicLink(link, Path.GetRelativePath(Path.GetDirectoryName(link)!, bench.Cluster.TablespaceLocation));
        await bench.Cluster.Server.StartAgainAsync(Cancellation);
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;

        await bench.RestoreAsync(snapshot, spec => spec with { TargetDirectory = bench["elsewhere"] });
        await using (var server = await bench.StartServerAsync(Path.Combine(bench["elsewhere"], "pgdata")))
        {
            await using var copy = server.Connect("postgres");
            Assert.Equal(expected, await PlatformCluster.DigestAsync(copy, Cancellation));
        }

        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);
        await bench.RestoreAsync(snapshot);
        Assert.Equal(bench.Cluster.TablespaceLocation, TablespaceLink(bench.Cluster.Server.DataDirectory).LinkTarget);
        await bench.Cluster.Server.StartAgainAsync(Cancellation);
        Assert.Equal(expected, await bench.Cluster.DigestAsync(Cancellation));
    }

    [Fact]
    public async Task A_running_server_is_never_overwritten()
    {
        await using var bench = await Workbench.StartAsync(15);
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        var refused = await Assert.ThrowsAsync<BackupException>(() => bench.RestoreAsync(snapshot));
        Assert.Equal(ErrorCodes.ServerRunning, refused.Error);
        Assert.NotNull(await bench.Cluster.DigestAsync(Cancellation));
    }

    /// <summary>As from another container: of the server nothing is seen but its volume and that it answers, here with a refusal.</summary>
    [Fact]
    public async Task A_server_without_a_free_connection_is_a_running_one()
    {
        await using var bench = await Workbench.StartAsync(15);
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        bench.Settings.DataDirectory = bench["volume"];
        Directory.CreateDirectory(Path.Combine(bench["volume"], "global"));
        foreach (var file in (string[])["PG_VERSION", "global/pg_control"])
        {
            File.Copy(Path.Combine(bench.Cluster.Server.DataDirectory, file), Path.Combine(bench["volume"], file));
        }

        var before = Listing(bench["volume"]);
        var sessions = await TakeAllConnectionsAsync(bench);
        var refused = await Assert.ThrowsAsync<BackupException>(() => bench.RestoreAsync(snapshot));
        Assert.Equal(ErrorCodes.ServerRunning, refused.Error);
        Assert.Contains("still answers", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, Listing(bench["volume"]));
        Assert.False(File.Exists($"{bench["volume"]}.restore-incomplete"));
        foreach (var session in sessions)
        {
            await session.DisposeAsync();
        }
    }

    [Fact]
    public async Task Every_restore_of_the_same_backup_begins_a_timeline_that_there_never_was()
    {
        await using var bench = await Workbench.StartAsync(15);
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        for (var timeline = 2; timeline < 5; timeline++)
        {
            await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);
            await bench.RestoreAsync(snapshot);
            await bench.Cluster.Server.StartAgainAsync(Cancellation);
            Assert.Equal($"{timeline:X8}", await TimelineAsync(bench));
        }

        // After a total loss only the archive knows: of timeline 6 a segment, of 5 nothing any more.
        var system = await bench.Cluster.Server.ExecuteAsync("SELECT system_identifier FROM pg_control_system()", cancellationToken: Cancellation);
        await bench.Location.PutAsync($"wal/{system}/00000006/0000000600000000/000000060000000000000001-{new string('a', 64)}.zst.age", new byte[1], PutMode.Create, Cancellation);
        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);
        bench.Cluster.Lose();
        await bench.RestoreAsync(snapshot);
        await bench.Cluster.Server.StartAgainAsync(Cancellation);
        Assert.Equal("00000007", await TimelineAsync(bench));
    }

    [Fact]
    public async Task Damage_in_the_repository_is_found_before_anything_is_changed()
    {
        await using var bench = await Workbench.StartAsync(15);
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);
        var before = Listing(bench.Cluster.Server.DataDirectory);
        DamageLargestPack(bench);

        // What is put aside is needed again from the repository, all of it.
        await RequireDamagedAsync(spec => spec with { KeepReplaced = true });

        // In place, what is needed is what is not there.
        foreach (var file in Directory.GetFiles(bench.Cluster.Server.DataDirectory, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != "PG_VERSION"))
        {
            File.Delete(file);
        }

        before = Listing(bench.Cluster.Server.DataDirectory);
        await RequireDamagedAsync(spec => spec);

        async Task RequireDamagedAsync(Func<RestoreSpec, RestoreSpec> change)
        {
            var damaged = await Assert.ThrowsAsync<RepositoryException>(() => bench.RestoreAsync(snapshot, change));
            Assert.Equal(RepositoryFailure.Damaged, damaged.Failure);
            Assert.Equal(before, Listing(bench.Cluster.Server.DataDirectory));
        }
    }

    private static async Task<List<NpgsqlConnection>> TakeAllConnectionsAsync(Workbench bench)
    {
        var sessions = new List<NpgsqlConnection>();
        while (true)
        {
            sessions.Add(new NpgsqlConnection($"{bench.Cluster.Server.ConnectionString};Pooling=false"));
            try
            {
                await sessions[^1].OpenAsync(Cancellation);
            }
            catch (PostgresException full) when (full.SqlState == PostgresErrorCodes.TooManyConnections)
            {
                return sessions;
            }
        }
    }

    private static async Task<string> TimelineAsync(Workbench bench) =>
        (string)(await bench.Cluster.Server.ExecuteAsync("SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)", cancellationToken: Cancellation))!;

    private static void DamageLargestPack(Workbench bench)
    {
        var largest = new DirectoryInfo(Path.Combine(bench["repository"], "data")).EnumerateFiles("*", SearchOption.AllDirectories).MaxBy(file => file.Length)!;
        File.SetUnixFileMode(largest.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var pack = File.OpenHandle(largest.FullName, FileMode.Open, FileAccess.ReadWrite);
        var one = new byte[1];
        RandomAccess.Read(pack, one, 1000);
        one[0] ^= 1;
        RandomAccess.Write(pack, one, 1000);
    }
}
