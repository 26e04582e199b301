using StellaOps.Backup.Contracts;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;
using StellaOps.Backup.Postgres;

namespace StellaOps.Backup.DatabaseBackup.Tests.Backups;

public abstract class MountedDirectoryTests(int major)
{
    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Both_sources_give_the_same_bytes()
    {
        await using var bench = await Workbench.StartAsync(major);
        await bench.StopVacuumingAsync();
        var expected = await bench.Cluster.DigestAsync(Cancellation);
        bench.Settings.FullReadDays = 0;

        // The first one looks into the catalogs, which sets hint bits: later ones find everything at rest.
        await bench.BackupAsync();
        var (_, overSql) = await RelationsAsync(bench, FileSource.Sql);
        var (snapshot, fromDisk) = await RelationsAsync(bench, FileSource.Directory);
        Assert.True(overSql.Count > 900);
        Assert.Equal(overSql.Keys, fromDisk.Keys);
        Assert.DoesNotContain(overSql, file => fromDisk[file.Key] != file.Value);

        await bench.Restic.RunAsync(["restore", snapshot, "--target", bench["restored"]], Cancellation);
        await using var server = await bench.StartServerAsync(Path.Combine(bench["restored"], "pgdata"));
        await using var copy = server.Connect("postgres");
        Assert.Equal(expected, await PlatformCluster.DigestAsync(copy, Cancellation));
    }

    private protected static async Task<(string Snapshot, SortedDictionary<string, string> Files)> RelationsAsync(Workbench bench, FileSource source)
    {
        bench.Settings.Source = source;
        var result = await bench.BackupAsync();
        Assert.Equal(Outcome.Complete, result.Outcome);
        return (result.Snapshot!.SnapshotId, await bench.RelationsAsync(result));
    }
}

public sealed class MountedDirectory15Tests() : MountedDirectoryTests(15);

public sealed class MountedDirectory18Tests() : MountedDirectoryTests(18)
{
    [Fact]
    public async Task A_directory_that_is_not_the_servers_is_refused_or_passed_over()
    {
        await using var bench = await Workbench.StartAsync(18);
        var copy = bench.Settings.DataDirectory = bench["copy"];
        Directory.CreateDirectory(Path.Combine(copy, "global"));
        foreach (var name in (string[])["global/pg_control", "postmaster.pid"])
        {
            File.Copy(Path.Combine(bench.Cluster.Server.DataDirectory, name), Path.Combine(copy, name));
        }

        // A copy of a moment ago: the backup's own checkpoint tells it from the original.
        bench.Settings.Source = FileSource.Directory;
        var refused = await Assert.ThrowsAsync<ClusterException>(() => bench.BackupAsync());
        Assert.Equal(ClusterFailure.Unsuitable, refused.Failure);
        Assert.Contains("pg_control is not that of the server", refused.Message, StringComparison.Ordinal);
        bench.Settings.Source = FileSource.Auto;
        Assert.Equal(Outcome.Complete, (await bench.BackupAsync()).Outcome);
    }
}
