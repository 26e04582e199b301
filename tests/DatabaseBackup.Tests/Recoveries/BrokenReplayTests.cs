using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Recoveries;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.DatabaseBackup.Tests.Recoveries;

/// <summary>A server replays, and what brings it the WAL breaks in a way that nobody thought of.</summary>
public sealed class BrokenReplayTests
{
    /// <summary>Long enough for any machine: without an answer the server would wait for days.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_replay_whose_wal_does_not_come_any_more_ends_with_the_cause()
    {
        await using var bench = await RecoveryBench.StartAsync(15);
        bench.Archive();
        await bench.BackupAsync("only");
        await bench.WriteAsync(20);
        await bench.CatchUpAsync();
        var task = new TestTask().Context;
        await using var files = new LocalObjectStore(bench["location"]);
        await using var location = new FaultyStore(files, new FaultRule(Fault.Delay)
        {
            Matches = call => call.Kind == StoreCallKind.Read && task.Progress.Read().Phase == "replay",
            Delay = _ => Task.FromException(new InvalidOperationException("the store has a defect")),
        });
        var spec = new RecoverySpec { Target = new PointInTime { Lsn = bench.Ledger[^2].After }, Bases = bench.Bases, TargetDirectory = bench["recovered"] };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        limit.CancelAfter(Patience);

        var broken = await Assert.ThrowsAsync<BackupException>(
            () => new RecoveryJob(bench.Repository, location, bench.Settings, TimeProvider.System).RunAsync(task, spec, limit.Token));

        Assert.Equal("the replay broke off: the store has a defect", broken.Message);
        Assert.IsType<InvalidOperationException>(broken.InnerException);
        Assert.Empty(Directory.GetDirectories(bench.Settings.ScratchDirectory));
    }
}
