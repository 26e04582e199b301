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
        var unknown = await Assert.ThrowsAsync<BackupException>(() => RestoreAsync("nowhere", bench["moved"]));
        Assert.Equal((ErrorCodes.InvalidInput, true), (unknown.Error, unknown.Hint!.Contains("'other'", StringComparison.Ordinal)));
        var version = Path.GetFileName(Directory.GetDirectories(bench.Cluster.TablespaceLocation).Single());
        await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(Path.Combine(bench["taken"], version)).FullName, "16384"), "", Cancellation);
        Assert.Equal(ErrorCodes.TargetNotEmpty, (await Assert.ThrowsAsync<BackupException>(() => RestoreAsync("other", bench["taken"]))).Error);

        Directory.Delete(Path.Combine(bench.Cluster.TablespaceLocation, version), recursive: true);
        await RestoreAsync(bench.Cluster.TablespaceLocation, bench["moved"]);
        Assert.Equal(bench["moved"], TablespaceLink(bench.Cluster.Server.DataDirectory).LinkTarget);
        await bench.Cluster.Server.StartAgainAsync(Cancellation);
        Assert.Equal(expected, await bench.Cluster.DigestAsync(Cancellation));
        Assert.Empty(Directory.EnumerateFileSystemEntries(bench.Cluster.TablespaceLocation));
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
        Directory.Delete(bench.Cluster.Server.DataDirectory, recursive: true);
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
