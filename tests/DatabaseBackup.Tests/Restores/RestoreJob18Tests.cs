using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.DatabaseBackup.Tests.Restores;

public sealed class RestoreJob18Tests() : RestoreJobTests(18)
{
    [Fact]
    public async Task A_restored_cluster_can_be_backed_up_and_restored_again()
    {
        await using var bench = await Workbench.StartAsync(18);
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
    public async Task A_dry_run_beside_a_running_server_plans_everything_and_says_first_what_to_stop()
    {
        await using var bench = await Workbench.StartAsync(18);
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
    public async Task A_dry_run_changes_nothing_and_a_kept_directory_is_whole()
    {
        await using var bench = await Workbench.StartAsync(18);
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
    public async Task A_restore_that_breaks_off_leaves_nothing_that_starts_and_can_be_run_again()
    {
        await using var bench = await Workbench.StartAsync(18);
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

        // Its links may be gone, too: that the tablespace is its own, the marker says.
        foreach (var link in Directory.GetFileSystemEntries(Path.Combine(bench.Cluster.Server.DataDirectory, "pg_tblspc")))
        {
            File.Delete(link);
        }

        await bench.RestoreAsync(snapshot);
        await bench.Cluster.Server.StartAgainAsync(Cancellation);
        Assert.Equal(expected, await bench.Cluster.DigestAsync(Cancellation));
    }

    [Fact]
    public async Task A_server_that_was_started_while_the_restore_still_read_is_not_overwritten()
    {
        await using var bench = await Workbench.StartAsync(18);
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        await bench.Cluster.Server.ExecuteAsync("UPDATE accounts SET balance = 9", cancellationToken: Cancellation);
        var expected = await bench.Cluster.DigestAsync(Cancellation);
        await bench.Cluster.Server.StopAsync(cancellationToken: Cancellation);

        // The archive is listed last of all that is read, when the data was compared.
        var task = new TestTask();
        await using var location = new FaultyStore(
            bench.Location,
            new FaultRule(Fault.Delay)
            {
                Matches = call => call.Kind == StoreCallKind.List && task.Context.Progress.Read().Phase == "verify",
                Delay = cancellation => bench.Cluster.Server.StartAgainAsync(cancellation),
            });
        var refused = await Assert.ThrowsAsync<BackupException>(() => bench.RestoreAsync(snapshot, task: task, location: location));
        Assert.True(location.Struck);
        Assert.Equal(ErrorCodes.ServerRunning, refused.Error);
        Assert.False(File.Exists($"{bench.Cluster.Server.DataDirectory}.restore-incomplete"));
        Assert.Equal(expected, await bench.Cluster.DigestAsync(Cancellation));
    }
}
