using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Integrity;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.DatabaseBackup.Tests.Recoveries;

/// <summary>Base backups and WAL are taken from a standby, which becomes the primary in the middle of it.</summary>
public sealed class StandbyTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_standby_is_a_source_of_base_backups_and_wal_and_its_promotion_leaves_both_sides_reachable()
    {
        await using var bench = await RecoveryBench.StartAsync(15);
        await using var standby = await PrivatePostgres.StartStandbyAsync(
            bench.Server, new Dictionary<string, string> { ["track_commit_timestamp"] = "on", ["wal_keep_size"] = "1GB" }, Cancelled);
        bench.TakeFrom(standby);
        bench.Archive();
        await bench.WriteAsync(10);
        await bench.BackupAsync("first");
        await bench.WriteAsync(20);
        await bench.BackupAsync("second");
        await bench.WriteAsync(20);
        await bench.CatchUpAsync();
        await MeetsAsync(bench, new PointInTime { Lsn = bench.Ledger[19].After }, 20);
        await MeetsAsync(bench, new PointInTime { Xid = bench.Ledger[44].Xid }, 45);

        // Rows of a standby are compared with the newest point that it descends from.
        await using var replica = new ClusterConnection(standby.ConnectionString);
        var asked = new List<string>();
        var reference = new RowReference((id, _) => { asked.Add(id); throw new BackupException(ErrorCodes.Damaged, "not read here"); });
        Assert.Null(await reference.FindAsync(replica, bench.Bases, new TestTask().Context.Log, Cancelled));
        Assert.Equal([bench.Bases[0].SnapshotId], asked);

        // The primary is gone; nobody tells the archiver.
        await bench.Server.StopAsync(PostgresStop.Immediate, Cancelled);
        await standby.ExecuteAsync("SELECT pg_promote()", cancellationToken: Cancelled);
        bench.WriteTo(standby);
        var before = bench.Ledger[^1];
        await bench.WriteAsync(20);
        await bench.CatchUpAsync();
        Assert.Equal(2u, bench.Archiver.Timeline);
        var inventory = await bench.InventoryAsync();
        Assert.True(inventory.History(2)!.Parent!.At >= Lsn.Parse(before.After), $"{inventory.History(2)} {before}");

        await MeetsAsync(bench, new PointInTime { Time = bench.Ledger[39].CommittedAt }, 40);
        await MeetsAsync(bench, new PointInTime { Name = $"after-{before.Id}", Timeline = 1 }, before.Id);
        await MeetsAsync(bench, new PointInTime { Xid = bench.Ledger[^3].Xid }, bench.Ledger[^3].Id, left: 2);
        await bench.BackupAsync("after");
        Assert.Equal(2, bench.Bases[0].Timeline);
    }

    /// <summary>The new timeline leaves the one that was read, not one that had not begun.</summary>
    private static async Task MeetsAsync(RecoveryBench bench, PointInTime target, long last, int left = 1)
    {
        var result = await bench.RecoverAsync(target, bench["recovered"]);
        Assert.Contains(result.Notes, note => note.Contains($" of timeline {left}, where it had to", StringComparison.Ordinal));
        Assert.Equal((last, last), await bench.ReadLedgerAsync(bench["recovered"]));
        Directory.Delete(bench["recovered"], recursive: true);
    }
}
