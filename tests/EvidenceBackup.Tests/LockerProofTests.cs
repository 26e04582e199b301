using System.Security.Cryptography;
using System.Text;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Files;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.EvidenceBackup.Tests;

public sealed class LockerProofTests : IAsyncDisposable
{
    private readonly EvidenceBench _bench = new();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task A_restored_copy_is_compared_and_removed()
    {
        _bench.Write("2026/a.json", "a");
        _bench.Write("2026/empty", "");
        var strange = $"printf x > '{_bench.Source}/'$(printf 'not-\\377-utf8')";
        (await Processes.RunAsync("/bin/sh", ["-c", strange], cancellationToken: TestContext.Current.CancellationToken)).Checked();
        Directory.CreateDirectory(Path.Combine(_bench.Source, "closed"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var backup = await _bench.BackupAsync();
        var proven = await _bench.TestRestoreAsync(backup);

        Assert.Equal((Outcome.Complete, ProofDepth.Restored), (proven.Outcome, proven.Proof!.Depth));
        Assert.Equal((3, 2), (proven.Proof.FilesChecked, proven.Proof.BytesChecked));
        Assert.Equal(["restore", "compare"], proven.Proof.Phases.Select(phase => phase.Phase));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_bench.Scratch));
    }

    [Fact]
    public async Task A_copy_in_a_named_directory_is_kept_and_the_directory_must_be_empty()
    {
        _bench.Write("a", "a");
        var backup = await _bench.BackupAsync();
        await _bench.TestRestoreAsync(backup, target: _bench["kept"]);
        Assert.Empty(await TreeComparer.DifferencesAsync(_bench.Source, _bench["kept"], cancellationToken: TestContext.Current.CancellationToken));

        var refused = await Assert.ThrowsAsync<BackupException>(() => _bench.TestRestoreAsync(backup, target: _bench["kept"]));
        Assert.Equal(ErrorCodes.TargetNotEmpty, refused.Error);
    }

    [Fact]
    public async Task A_dry_run_restores_nothing()
    {
        _bench.Write("a", "a");
        var planned = await _bench.TestRestoreAsync(await _bench.BackupAsync(), dryRun: true);
        Assert.Null(planned.Proof);
        Assert.Contains("1 files with 1 bytes", planned.Restore!.Notes[0], StringComparison.Ordinal);
        Assert.False(Directory.Exists(_bench.Scratch));
    }

    [Fact]
    public async Task References_of_the_database_that_are_all_there_are_part_of_the_proof()
    {
        _bench.Write("2026/a.json", "a");
        _bench.Write("2026/b.json", "b");
        var backup = await _bench.BackupAsync();
        var key = await WriteReferencesAsync(("2026/a.json", "a"), ("2026/b.json", null));
        var proven = await _bench.TestRestoreAsync(backup, referencesKey: key);

        Assert.Contains(proven.Proof!.Findings, finding => finding.StartsWith("2 references", StringComparison.Ordinal) && finding.Contains("1 of them with the content", StringComparison.Ordinal));
        await using var location = _bench.OpenLocation();
        Assert.Null(await location.FindAsync(key, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("2026/lost.json", null, "1 are not in its locker and 0 have another content")]
    [InlineData("2026/a.json", "other", "0 are not in its locker and 1 have another content")]
    public async Task A_reference_to_what_is_not_there_fails_the_proof(string path, string? content, string expected)
    {
        _bench.Write("2026/a.json", "a");
        var backup = await _bench.BackupAsync();
        var key = await WriteReferencesAsync((path, content), ("2026/a.json", null));
        var failed = await Assert.ThrowsAsync<BackupException>(() => _bench.TestRestoreAsync(backup, referencesKey: key));
        Assert.Equal(ErrorCodes.ProofFailed, failed.Error);
        Assert.Contains(expected, failed.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_bench.Scratch));
    }

    [Fact]
    public async Task A_list_of_references_that_is_gone_makes_the_proof_incomplete()
    {
        _bench.Write("a", "a");
        var proven = await _bench.TestRestoreAsync(await _bench.BackupAsync(), referencesKey: "exchange/none");
        Assert.Equal((Outcome.Incomplete, "exchange/none"), (proven.Outcome, proven.Missing.Single().Path));
    }

    private async Task<string> WriteReferencesAsync(params (string Path, string? Content)[] references)
    {
        var records = references.SelectMany(reference => (byte[])
        [
            .. SHA256.HashData(Encoding.UTF8.GetBytes(reference.Path)),
            .. reference.Content is { } content ? SHA256.HashData(Encoding.UTF8.GetBytes(content)) : new byte[32],
        ]).ToArray();
        var key = EvidenceReferences.Key(Guid.NewGuid());
        await using var location = _bench.OpenLocation();
        await location.PutAsync(key, records, PutMode.Create, TestContext.Current.CancellationToken);
        return key;
    }
}
