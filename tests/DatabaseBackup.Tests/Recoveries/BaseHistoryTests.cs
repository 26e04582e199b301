using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.DatabaseBackup.Tests.Recoveries;

/// <summary>A base backup of a server that had gone back to an earlier state, while the archive holds what came after it.</summary>
public sealed class BaseHistoryTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_base_backup_of_another_history_is_passed_over_and_alone_it_is_refused_before_anything_is_changed()
    {
        await using var bench = await RecoveryBench.StartAsync(15);
        bench.Archive();
        await bench.BackupAsync("first");
        await bench.Server.StopAsync(PostgresStop.Fast, Cancelled);
        var data = bench.Server.DataDirectory;
        (await Processes.RunAsync("cp", ["-a", data, bench["snapshot"]], cancellationToken: Cancelled)).Checked();

        await bench.Server.StartAgainAsync(Cancelled);
        await bench.WriteAsync(30);
        await bench.RunAsync("SELECT pg_switch_wal()");
        await bench.WriteAsync(30);
        await bench.CatchUpAsync();
        await bench.StopArchivingAsync();

        // Back to the snapshot, and a backup by a worker that archives nothing.
        await bench.Server.StopAsync(PostgresStop.Fast, Cancelled);
        Directory.Delete(data, recursive: true);
        (await Processes.RunAsync("cp", ["-a", bench["snapshot"], data], cancellationToken: Cancelled)).Checked();
        await bench.Server.StartAgainAsync(Cancelled);
        await bench.RunAsync("CREATE TABLE other AS SELECT i FROM generate_series(1, 1000) i");
        await bench.BackupAsync("other history");
        bench.Archive();

        var target = new PointInTime { Lsn = bench.Ledger[^1].After };
        var notes = (await bench.RecoverAsync(target, bench["recovered"])).Notes;
        Assert.Contains(notes, note => note.Contains("'first'", StringComparison.Ordinal));
        Assert.Equal((60, 60), await bench.ReadLedgerAsync(bench["recovered"]));

        bench.Forget("first");
        var refused = await Assert.ThrowsAsync<BackupException>(() => bench.RecoverAsync(target, bench["again"]));
        Assert.Equal(ErrorCodes.TargetNotReachable, refused.Error);
        Assert.Contains("the base backup of 'other history' is of another history than the archived WAL: segment 0000000100000000", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(bench["again"]));

        var proof = await Assert.ThrowsAsync<BackupException>(() => bench.ProveAsync());
        Assert.Equal(ErrorCodes.WalConflict, proof.Error);
    }
}
