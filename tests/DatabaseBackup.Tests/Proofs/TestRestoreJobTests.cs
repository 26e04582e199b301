using System.Security.Cryptography;
using System.Text;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.DatabaseBackup.Tests.Clusters;

namespace StellaOps.Backup.DatabaseBackup.Tests.Proofs;

/// <summary>What depends on the version of the server is tested with each; the rest with one of them.</summary>
public abstract class TestRestoreJobTests(int major)
{
    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sound_snapshot_is_proven_and_nothing_stays_behind()
    {
        await using var bench = await Workbench.StartAsync(major);
        bench.Settings.TestQueries.Add(new TestQuerySettings { Database = "postgres", Sql = "SELECT count(*) = 50000 FROM accounts" });
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        var proof = (await bench.TestRestoreAsync(snapshot)).Proof!;
        Assert.Equal(ProofDepth.Restored, proof.Depth);
        Assert.True(proof.FilesChecked > 900 && proof.BytesChecked > 30_000_000);
        Assert.Equal(["plan", "restore", "start", "amcheck", "count", "query", "stop", "checksums"], proof.Phases.Select(phase => phase.Phase));
        Assert.Contains(proof.Findings, finding => finding.Contains("passed amcheck", StringComparison.Ordinal));
        Assert.Contains(proof.Findings, finding => finding.Contains("database 'postgres': 53001 rows in 4 tables", StringComparison.Ordinal));
        Assert.Contains(proof.Findings, finding => finding.Contains("checksums of", StringComparison.Ordinal));
        Assert.Empty(Directory.EnumerateFileSystemEntries(bench.Settings.ScratchDirectory));
    }

}

public sealed class TestRestoreJob15Tests() : TestRestoreJobTests(15)
{
    [Fact]
    public async Task A_query_that_is_not_true_fails_the_proof_and_nothing_stays_behind()
    {
        await using var bench = await Workbench.StartAsync(15);
        bench.Settings.TestQueries.Add(new TestQuerySettings { Database = "postgres", Sql = "SELECT count(*) = 3 FROM accounts" });
        bench.Settings.TestQueries.Add(new TestQuerySettings { Database = "postgres", Sql = "SELECT true FROM missing" });
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        var failed = await Assert.ThrowsAsync<BackupException>(() => bench.TestRestoreAsync(snapshot));
        Assert.Equal(ErrorCodes.ProofFailed, failed.Error);
        Assert.Contains("2 problems", failed.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(bench.Settings.ScratchDirectory));
    }

    [Fact]
    public async Task Evidence_references_are_handed_over_as_digests()
    {
        await using var bench = await Workbench.StartAsync(15);
        bench.Settings.EvidenceReferences = new TestQuerySettings { Database = "postgres", Sql = "VALUES ('a/b', repeat('0F', 32)), ('c', NULL)" };
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        var key = EvidenceReferences.Key(Guid.CreateVersion7());
        await bench.TestRestoreAsync(snapshot, spec => spec with { EvidenceReferencesKey = key });
        var records = new byte[1000];
        var length = await bench.Location.ReadAsync(key, 0, records, Cancellation);
        byte[] expected =
        [
            .. SHA256.HashData(Encoding.UTF8.GetBytes("a/b")), .. Enumerable.Repeat((byte)0x0f, 32),
            .. SHA256.HashData(Encoding.UTF8.GetBytes("c")), .. new byte[32],
        ];
        Assert.Equal(expected, records[..length]);
    }

    [Fact]
    public async Task What_a_killed_attempt_left_is_stopped_and_removed()
    {
        await using var bench = await Workbench.StartAsync(15);
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        var left = Path.Combine(bench.Settings.ScratchDirectory, $"database-{Guid.CreateVersion7():n}");
        await bench.RestoreAsync(snapshot, spec => spec with { TargetDirectory = left });
        await File.WriteAllTextAsync($"{left}.lock", "", Cancellation);
        var server = await bench.StartServerAsync(Path.Combine(left, "pgdata"));
        await bench.TestRestoreAsync(snapshot);
        Assert.Throws<ArgumentException>(() => System.Diagnostics.Process.GetProcessById(server.ProcessId));
        Assert.Empty(Directory.EnumerateFileSystemEntries(bench.Settings.ScratchDirectory));
        await server.DisposeAsync();
    }
}

public sealed class TestRestoreJob18Tests() : TestRestoreJobTests(18)
{
    [Fact]
    public async Task A_page_that_was_damaged_at_the_source_fails_the_proof()
    {
        await using var bench = await Workbench.StartAsync(18);
        var path = (string)(await bench.Cluster.Server.ExecuteAsync("CREATE TABLE quiet AS SELECT i FROM generate_series(1, 9) i; CHECKPOINT; SELECT pg_relation_filepath('quiet')", cancellationToken: Cancellation))!;
        using (var file = File.OpenHandle(Path.Combine(bench.Cluster.Server.DataDirectory, path), FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.Write(file, "!"u8, 4000);
        }

        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        var failed = await Assert.ThrowsAnyAsync<Exception>(() => bench.TestRestoreAsync(snapshot));
        Assert.Equal(ErrorCodes.ProofFailed, (failed as BackupException)?.Error ?? new ClusterFailureMapping().Map(failed)?.Error);
    }

    [Fact]
    public async Task A_target_that_was_asked_for_is_kept()
    {
        await using var bench = await Workbench.StartAsync(18);
        var snapshot = (await bench.BackupAsync()).Snapshot!.SnapshotId;
        var plan = await bench.TestRestoreAsync(snapshot, spec => spec with { TargetDirectory = bench["kept"], DryRun = true });
        Assert.NotEmpty(plan.Restore!.Notes);
        Assert.False(Directory.Exists(bench["kept"]));
        await bench.TestRestoreAsync(snapshot, spec => spec with { TargetDirectory = bench["kept"] });
        Assert.True(File.Exists(Path.Combine(bench["kept"], "pgdata", "PG_VERSION")));
        Assert.False(File.Exists(Path.Combine(bench["kept"], "pgdata", "postmaster.pid")));
    }
}
