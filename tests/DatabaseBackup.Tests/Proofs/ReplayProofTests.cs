using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.DatabaseBackup.Tests.Recoveries;
using StellaOps.Backup.Postgres;

namespace StellaOps.Backup.DatabaseBackup.Tests.Proofs;

/// <summary>A proof that goes on to the newest instant that could be had.</summary>
public sealed class ReplayProofTests
{
    [Fact]
    public async Task A_proof_replays_archived_wal_to_its_end_and_tells_how_much_and_how_fast()
    {
        await using var bench = await RecoveryBench.StartAsync(15);
        bench.Settings.TestQueries = [new TestQuerySettings { Database = "postgres", Sql = "SELECT count(*) = 30 FROM ledger" }];
        await bench.BackupAsync("alone");
        var nothing = await Assert.ThrowsAsync<BackupException>(() => bench.ProveAsync());
        Assert.Equal(ErrorCodes.TargetNotReachable, nothing.Error);
        Assert.Contains("no WAL is archived behind the end of the base backup of 'alone'", nothing.Message, StringComparison.Ordinal);

        bench.Archive();
        await bench.WriteAsync(15);
        await bench.RunAsync("SELECT pg_switch_wal()");
        await bench.WriteAsync(15);
        await bench.CatchUpAsync();
        Assert.Contains((await bench.ProveAsync(dryRun: true)).Restore!.Notes, note => note.Contains("of WAL would be replayed from the archive", StringComparison.Ordinal));

        // The query proves it: all thirty transactions are there.
        var proof = (await bench.ProveAsync()).Proof!;
        var replay = proof.Replay!;
        Assert.True(replay.Segments >= 2 && replay.Bytes > 1 << 20 && replay.Duration > TimeSpan.Zero, $"{replay}");
        Assert.True(Lsn.Parse(replay.ToLsn) >= Lsn.Parse(bench.Ledger[^1].After), $"{replay} {bench.Ledger[^1]}");
        Assert.True(replay.LastCommitAt >= bench.Ledger[^1].CommittedAt);
        Assert.Equal(["search", "plan", "restore", "replay", "amcheck", "count", "query", "stop", "checksums"], proof.Phases.Select(phase => phase.Phase));
        Assert.Empty(Directory.GetFileSystemEntries(bench.Settings.ScratchDirectory));
    }
}
