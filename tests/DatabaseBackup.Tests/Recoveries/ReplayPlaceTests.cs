using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.DatabaseBackup.Tests.Recoveries;

/// <summary>What a replay needs beside the data cannot be had.</summary>
public sealed class ReplayPlaceTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_recovery_in_place_without_room_for_its_server_is_refused_and_changes_nothing(bool dryRun)
    {
        await using var bench = await RecoveryBench.StartAsync(15);
        bench.Archive();
        await bench.BackupAsync("only");
        await bench.WriteAsync(10);
        await bench.CatchUpAsync();
        await bench.Server.StopAsync(PostgresStop.Fast, Cancelled);

        // A file in its place: also root can make no directory there.
        bench.Settings.ScratchDirectory = bench["taken"];
        await File.WriteAllTextAsync(bench.Settings.ScratchDirectory, "not a directory", Cancelled);
        var refused = await Assert.ThrowsAsync<BackupException>(() => bench.RecoverAsync(new PointInTime { Lsn = bench.Ledger[3].After }, dryRun: dryRun));

        Assert.Equal(ErrorCodes.NotConfigured, refused.Error);
        Assert.Contains(bench.Settings.ScratchDirectory, refused.Message, StringComparison.Ordinal);
        Assert.Contains("PrivateTmp=true", refused.Hint, StringComparison.Ordinal);
        Assert.False(File.Exists($"{bench.Server.DataDirectory}.restore-incomplete"));
        await bench.Server.StartAgainAsync(Cancelled);
        Assert.Equal((long)bench.Ledger.Count, await bench.RunAsync("SELECT count(*) FROM ledger"));
    }

    [Fact]
    public async Task A_test_restore_with_replay_without_room_for_it_is_refused_before_anything_is_restored()
    {
        await using var bench = await RecoveryBench.StartAsync(15);
        bench.Archive();
        await bench.BackupAsync("only");
        await bench.WriteAsync(10);
        await bench.CatchUpAsync();

        bench.Settings.ScratchDirectory = bench["taken"];
        await File.WriteAllTextAsync(bench.Settings.ScratchDirectory, "not a directory", Cancelled);
        var refused = await Assert.ThrowsAsync<BackupException>(() => bench.ProveAsync(directory: bench["copy"]));

        Assert.Equal(ErrorCodes.NotConfigured, refused.Error);
        Assert.Contains(bench.Settings.ScratchDirectory, refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(bench["copy"]));
    }
}
