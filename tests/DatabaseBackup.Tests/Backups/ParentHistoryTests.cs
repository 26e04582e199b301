using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.DatabaseBackup.Tests.Backups;

/// <summary>
/// A server whose disk is put back to an earlier state, and which then runs on to behind the end of the last backup. A file that changed while that backup ran has
/// its old times again, and would be taken for what the backup had read.
/// </summary>
public sealed class ParentHistoryTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1GB", "the server has other WAL before .* than the last backup: it was put back to an earlier state")]
    [InlineData("0", "the server was started again since the last backup, and has removed the WAL")]
    public async Task A_server_that_was_put_back_and_ran_on_is_read_whole(string walKept, string reason)
    {
        await using var bench = await StartAsync(walKept);
        var server = bench.Cluster.Server;
        await server.StopAsync(PostgresStop.Fast, Cancelled);
        (await Processes.RunAsync("cp", ["-a", server.DataDirectory, bench["disk"]], cancellationToken: Cancelled)).Checked();
        await server.StartAgainAsync(Cancelled);
        await bench.RunAsync("UPDATE accounts SET balance = 1 WHERE id = 1");
        Assert.Equal(ReadRule.All, (await BackupAsync(bench)).Read);

        await server.StopAsync(PostgresStop.Fast, Cancelled);
        await PutBackAsync(bench);
        await server.StartAgainAsync(Cancelled);
        await RunOnAsync(bench);

        var after = await BackupAsync(bench);
        Assert.Equal(ReadRule.All, after.Read);
        Assert.Matches(reason, after.ReadReason);
        Assert.Equal(ReadRule.ChangedFiles, (await BackupAsync(bench)).Read);
    }

    [Theory]
    [InlineData("1GB", true)]
    [InlineData("0", false)]
    public async Task A_server_that_was_only_started_again_or_only_removed_wal_is_not(string walKept, bool startedAgain)
    {
        await using var bench = await StartAsync(walKept);
        await BackupAsync(bench);
        if (startedAgain)
        {
            await bench.Cluster.Server.StopAsync(PostgresStop.Fast, Cancelled);
            await bench.Cluster.Server.StartAgainAsync(Cancelled);
        }

        await RunOnAsync(bench);

        Assert.Equal(ReadRule.ChangedFiles, (await BackupAsync(bench)).Read);
    }

    private static async Task<Workbench> StartAsync(string walKept)
    {
        var bench = await Workbench.StartAsync(15);
        await bench.RunAsync($"ALTER SYSTEM SET wal_keep_size = '{walKept}'");
        await bench.StopVacuumingAsync();
        return bench;
    }

    private static async Task<DatabaseCut> BackupAsync(Workbench bench)
    {
        var result = await bench.BackupAsync();
        Assert.Equal(Outcome.Complete, result.Outcome);
        return result.Snapshot!.Database!;
    }

    /// <summary>To behind the last backup; the checkpoints remove what need not be kept.</summary>
    private static async Task RunOnAsync(Workbench bench)
    {
        for (var i = 0; i < 4; i++)
        {
            await bench.RunAsync("CREATE TABLE IF NOT EXISTS other (i int)");
            await bench.RunAsync("INSERT INTO other SELECT generate_series(1, 1000)");
            await bench.RunAsync("SELECT pg_switch_wal()");
            await bench.RunAsync("CHECKPOINT");
        }
    }

    /// <summary>As a snapshot of the volume does, the file stays that says when the directory was made.</summary>
    private static async Task PutBackAsync(Workbench bench)
    {
        var data = bench.Cluster.Server.DataDirectory;
        foreach (var entry in new DirectoryInfo(data).EnumerateFileSystemInfos().Where(entry => entry.Name != "PG_VERSION"))
        {
            (await Processes.RunAsync("rm", ["-r", entry.FullName], cancellationToken: Cancelled)).Checked();
        }

        foreach (var entry in new DirectoryInfo(bench["disk"]).EnumerateFileSystemInfos().Where(entry => entry.Name != "PG_VERSION"))
        {
            (await Processes.RunAsync("cp", ["-a", entry.FullName, data], cancellationToken: Cancelled)).Checked();
        }
    }
}
