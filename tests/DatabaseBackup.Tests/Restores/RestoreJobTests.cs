using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;

namespace StellaOps.Backup.DatabaseBackup.Tests.Restores;

/// <summary>What depends on the version of the server is tested with each; the rest, in the classes below, with one of them.</summary>
public abstract class RestoreJobTests(int major)
{
    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

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

    protected static FileSystemInfo TablespaceLink(string dataDirectory) =>
        new DirectoryInfo(Path.Combine(dataDirectory, "pg_tblspc")).EnumerateFileSystemInfos().Single();

    protected static string Listing(string directory) => string.Join('\n', new DirectoryInfo(directory)
        .EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
        .Select(file => $"{Path.GetRelativePath(directory, file.FullName)} {file.Length} {file.LastWriteTimeUtc.Ticks}")
        .Order(StringComparer.Ordinal));
}
