using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.DatabaseBackup.Tests.Restores;

public abstract class RestoreJobTests(int major)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_changed_cluster_becomes_what_it_was_and_goes_on_along_a_new_timeline()
    {
        await using var bench = await Workbench.StartAsync(major);
        var expected = await bench.Cluster.DigestAsync(Cancellation);
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        await bench.Cluster.Server.ExecuteAsync(
            "UPDATE accounts SET balance = 1 WHERE id < 500; DROP TABLE elsewhere; CREATE TABLE surplus AS SELECT 1 AS i; CHECKPOINT", cancellationToken: Cancellation);
        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);

        var restore = (await bench.RestoreAsync(snapshot)).Restore!;
        Assert.True(restore.FilesUnchanged > restore.FilesWritten, $"{restore.FilesWritten} written, {restore.FilesUnchanged} unchanged");
        Assert.False(File.Exists($"{bench.Cluster.Server.DataDirectory}.restore-incomplete"));
        Assert.Equal(bench.Cluster.TablespaceLocation, TablespaceLink(bench.Cluster.Server.DataDirectory).LinkTarget);

        await bench.Cluster.Server.StartAgainAsync(Cancellation);
        Assert.Equal(expected, await bench.Cluster.DigestAsync(Cancellation));
        Assert.Equal(2, await bench.Cluster.Server.ExecuteAsync("CHECKPOINT; SELECT timeline_id FROM pg_control_checkpoint()", cancellationToken: Cancellation));
        Assert.Equal(bench.Cluster.TablespaceLocation, await bench.Cluster.Server.ExecuteAsync("SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'other'", cancellationToken: Cancellation));
    }

    [Fact]
    public async Task A_restored_cluster_can_be_backed_up_and_restored_again()
    {
        await using var bench = await Workbench.StartAsync(major);
        var first = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);
        await bench.RestoreAsync(first);
        await bench.Cluster.Server.StartAgainAsync(Cancellation);
        await bench.Cluster.Server.ExecuteAsync("UPDATE accounts SET balance = 77 WHERE id = 1", cancellationToken: Cancellation);
        var expected = await bench.Cluster.DigestAsync(Cancellation);

        var second = (await bench.BackupAsync()).Snapshot!;
        Assert.Equal(2, second.Database!.Timeline);
        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);
        await bench.RestoreAsync(second.SnapshotId);
        await bench.Cluster.Server.StartAgainAsync(Cancellation);
        Assert.Equal(expected, await bench.Cluster.DigestAsync(Cancellation));
    }

    [Fact]
    public async Task A_tablespace_goes_where_it_is_wanted_and_never_over_other_files()
    {
        await using var bench = await Workbench.StartAsync(major);
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
        await using var bench = await Workbench.StartAsync(major);
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        var refused = await Assert.ThrowsAsync<BackupException>(() => bench.RestoreAsync(snapshot));
        Assert.Equal(ErrorCodes.ServerRunning, refused.Error);
        Assert.NotNull(await bench.Cluster.DigestAsync(Cancellation));
    }

    [Fact]
    public async Task A_dry_run_beside_a_running_server_plans_everything_and_says_first_what_to_stop()
    {
        await using var bench = await Workbench.StartAsync(major);
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        var beside = (await bench.RestoreAsync(snapshot, spec => spec with { DryRun = true })).Restore!.Notes;
        Assert.Matches($"^a PostgreSQL server \\(process [0-9]+\\) runs on {bench.Cluster.Server.DataDirectory}: stop it before the restore \\(stella service stop --all\\)$", beside[0]);
        Assert.NotNull(await bench.Cluster.DigestAsync(Cancellation));

        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);
        var alone = (await bench.RestoreAsync(snapshot, spec => spec with { DryRun = true })).Restore!.Notes;
        Assert.StartsWith("no server runs on", alone[0], StringComparison.Ordinal);
        Assert.Equal(alone.Skip(1), beside.Skip(1));
    }

    [Fact]
    public async Task Another_directory_gets_everything_and_the_live_tablespace_is_not_touched()
    {
        await using var bench = await Workbench.StartAsync(major);
        var expected = await bench.Cluster.DigestAsync(Cancellation);
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        await bench.RestoreAsync(snapshot, spec => spec with { TargetDirectory = bench["elsewhere"] });
        await using var server = await bench.StartServerAsync(Path.Combine(bench["elsewhere"], "pgdata"));
        await using (var copy = server.Connect("postgres"))
        {
            Assert.Equal(expected, await PlatformCluster.DigestAsync(copy, Cancellation));
        }

        Assert.Equal(expected, await bench.Cluster.DigestAsync(Cancellation));
        var again = await Assert.ThrowsAsync<BackupException>(() => bench.RestoreAsync(snapshot, spec => spec with { TargetDirectory = bench["repository"] }));
        Assert.Equal(ErrorCodes.TargetNotEmpty, again.Error);
    }

    [Fact]
    public async Task A_dry_run_changes_nothing_and_a_kept_directory_is_whole()
    {
        await using var bench = await Workbench.StartAsync(major);
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        await bench.Cluster.Server.ExecuteAsync("UPDATE accounts SET balance = 5 WHERE id = 5", cancellationToken: Cancellation);
        var newer = await bench.Cluster.DigestAsync(Cancellation);
        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);

        var before = Listing(bench.Cluster.Server.DataDirectory);
        var plan = await bench.RestoreAsync(snapshot, spec => spec with { DryRun = true });
        Assert.Equal(before, Listing(bench.Cluster.Server.DataDirectory));
        Assert.True(plan.Restore!.Notes.Count > 3);

        var restored = (await bench.RestoreAsync(snapshot, spec => spec with { KeepReplaced = true })).Restore!;
        var kept = restored.ReplacedDirectory!;
        Assert.Equal(before, Listing(kept));
        Assert.Contains(restored.Notes, note => note.StartsWith("tablespace 'other' as it was is kept in", StringComparison.Ordinal));
        await bench.Cluster.Server.StartAgainAsync(Cancellation);
        Assert.NotEqual(newer, await bench.Cluster.DigestAsync(Cancellation));
        Directory.Delete(kept, recursive: true);
    }

    [Fact]
    public async Task Every_restore_of_the_same_backup_begins_a_timeline_that_there_never_was()
    {
        await using var bench = await Workbench.StartAsync(major);
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
        await using var bench = await Workbench.StartAsync(major);
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

    [Fact]
    public async Task A_restore_that_breaks_off_leaves_nothing_that_starts_and_can_be_run_again()
    {
        await using var bench = await Workbench.StartAsync(major);
        var expected = await bench.Cluster.DigestAsync(Cancellation);
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        await bench.Cluster.Server.ExecuteAsync("UPDATE accounts SET balance = 9; CHECKPOINT", cancellationToken: Cancellation);
        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);

        using var broken = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var task = new TestTask();
        var restore = bench.RestoreAsync(snapshot, task: task, cancellationToken: broken.Token);
        while (!restore.IsCompleted && task.Context.Progress.Read() is not { Phase: "write", FilesDone: > 20 })
        {
            await Task.Delay(1, Cancellation);
        }

        await broken.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => restore);
        Assert.False(File.Exists(Path.Combine(bench.Cluster.Server.DataDirectory, "global", "pg_control")));
        Assert.True(File.Exists($"{bench.Cluster.Server.DataDirectory}.restore-incomplete"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => bench.Cluster.Server.StartAgainAsync(Cancellation));

        await bench.RestoreAsync(snapshot);
        await bench.Cluster.Server.StartAgainAsync(Cancellation);
        Assert.Equal(expected, await bench.Cluster.DigestAsync(Cancellation));
    }

    private static FileSystemInfo TablespaceLink(string dataDirectory) =>
        new DirectoryInfo(Path.Combine(dataDirectory, "pg_tblspc")).EnumerateFileSystemInfos().Single();

    private static string Listing(string directory) => string.Join('\n', new DirectoryInfo(directory)
        .EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
        .Select(file => $"{Path.GetRelativePath(directory, file.FullName)} {file.Length} {file.LastWriteTimeUtc.Ticks}")
        .Order(StringComparer.Ordinal));
}

public sealed class RestoreJob15Tests() : RestoreJobTests(15);

public sealed class RestoreJob18Tests() : RestoreJobTests(18);
