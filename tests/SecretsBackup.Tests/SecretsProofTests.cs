using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.SecretsBackup.Proving;
using StellaOps.Backup.SecretsBackup.Recipients;

namespace StellaOps.Backup.SecretsBackup.Tests;

public sealed class SecretsProofTests : IDisposable
{
    private readonly SecretsSite _site = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task With_an_identity_the_snapshot_is_restored_and_compared_and_the_copy_removed()
    {
        var snapshot = await BackUpAsync();
        _site.BringIdentity();

        var proof = (await _site.TestRestoreAsync(snapshot)).Proof!;

        Assert.Equal((ProofDepth.Restored, 3), (proof.Depth, proof.FilesChecked));
        Assert.Contains(proof.Findings, finding => finding.Contains("are the configured ones", StringComparison.Ordinal));
        Assert.Equal(["verify", "restore"], proof.Phases.Select(phase => phase.Phase));
        Assert.Empty(Directory.GetFileSystemEntries(_site.Settings.ScratchDirectory));
    }

    [Fact]
    public async Task Without_an_identity_the_proof_is_of_ciphertext_only_and_says_so()
    {
        var proof = (await _site.TestRestoreAsync(await BackUpAsync())).Proof!;

        Assert.Equal((ProofDepth.Verified, 3), (proof.Depth, proof.FilesChecked));
        Assert.Contains(proof.Findings, finding => finding.StartsWith("ciphertext only", StringComparison.Ordinal));
        Assert.False(Directory.Exists(_site.Settings.ScratchDirectory));
    }

    [Fact]
    public async Task A_wrong_identity_fails_the_proof_and_leaves_no_copy()
    {
        var snapshot = await BackUpAsync();
        _site.BringIdentity(X25519Identity.Generate());

        Assert.Equal(ErrorCodes.IdentityMissing, (await Assert.ThrowsAsync<BackupException>(() => _site.TestRestoreAsync(snapshot))).Error);
        Assert.Empty(Directory.GetFileSystemEntries(_site.Settings.ScratchDirectory));
    }

    [Fact]
    public async Task Changed_recipients_are_a_finding_and_no_failure()
    {
        var snapshot = await BackUpAsync();
        _site.Settings.Recipients = [X25519Identity.Generate().ToString()];

        var proof = (await _site.TestRestoreAsync(snapshot)).Proof!;

        Assert.Contains(proof.Findings, finding => finding.Contains("have changed", StringComparison.Ordinal) && finding.Contains(_site.Custodian.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_copy_in_a_named_directory_is_kept()
    {
        var snapshot = await BackUpAsync();
        _site.BringIdentity();

        await _site.TestRestoreAsync(snapshot, target: _site["copy"]);

        Assert.Equal("1", await File.ReadAllTextAsync(_site["copy"] + Path.Combine(_site.Source, "a.env"), Cancellation));
    }

    [Fact]
    public async Task A_dry_run_proves_nothing()
    {
        var proof = (await _site.TestRestoreAsync(await BackUpAsync(), dryRun: true)).Proof!;
        Assert.Equal(0, proof.FilesChecked);
    }

    [Theory]
    [InlineData("not age at all", "is not an age file")]
    [InlineData(null, "is encrypted to 2 recipients")]
    public async Task A_file_that_custodians_could_not_open_fails_the_proof(string? content, string reason)
    {
        var bytes = content is null
            ? await EncryptAsync(X25519Identity.Generate().Recipient, X25519Identity.Generate().Recipient)
            : System.Text.Encoding.ASCII.GetBytes(content);
        var snapshot = await SaveAsync(bytes, cut: 0);

        var refused = await Assert.ThrowsAsync<BackupException>(() => _site.TestRestoreAsync(snapshot));

        Assert.Equal(ErrorCodes.ProofFailed, refused.Error);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_length_that_no_age_file_has_fails_the_proof()
    {
        var snapshot = await SaveAsync(await EncryptAsync(_site.Custodian.Recipient), cut: 1004);
        var refused = await Assert.ThrowsAsync<BackupException>(() => _site.TestRestoreAsync(snapshot));
        Assert.Equal(ErrorCodes.ProofFailed, refused.Error);
        Assert.Contains("length", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_killed_process_leaves_nothing_for_long_and_a_living_one_keeps_its_copy()
    {
        var parent = _site.Settings.ScratchDirectory;
        using var living = ScratchDirectory.Create(parent, Component.Secrets, Guid.NewGuid());
        var dead = Path.Combine(parent, "secrets-test-dead");
        Directory.CreateDirectory(Path.Combine(dead, "locked"));
        File.WriteAllText(Path.Combine(dead, "locked", "plain"), "secret");
        File.SetUnixFileMode(Path.Combine(dead, "locked"), UnixFileMode.UserRead);
        File.WriteAllText(dead + ".lock", "");

        await _site.Handler().RemoveAbandonedAsync(Cancellation);

        Assert.False(Directory.Exists(dead));
        Assert.False(File.Exists(dead + ".lock"));
        Assert.True(Directory.Exists(living.Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(living.Path));
    }

    public void Dispose() => _site.Dispose();

    private async Task<string> BackUpAsync()
    {
        _site.Write("a.env", "1");
        _site.Write("empty", "");
        _site.Write("sub/large", new string('x', 150_000));
        return (await _site.BackupAsync()).Snapshot!.SnapshotId;
    }

    private static async Task<byte[]> EncryptAsync(params IRecipient[] recipients)
    {
        var file = new MemoryStream();
        await new AgeEncryption(recipients).EncryptAsync(new MemoryStream(new byte[1000]), file, cancellationToken: Cancellation);
        return file.ToArray();
    }

    /// <summary>A snapshot like ours with one file in it, made by hand.</summary>
    private async Task<string> SaveAsync(byte[] file, int cut)
    {
        var recipients = await RecipientList.LoadAsync(Component.Secrets, _site.Settings, Cancellation);
        await File.WriteAllBytesAsync(Path.Combine(_site.Source, "x.age"), file[..^cut], Cancellation);
        var source = new SourceWithRecipients(new LocalFileSource([_site.Source]), recipients.Describe());
        await using var repository = await _site.CreateRepositoryAsync();
        var request = new ArchiveRequest { Paths = [_site.Source], Hostname = "host", Tags = [recipients.Tag] };
        return (await new Archiver(repository, TimeProvider.System).RunAsync(source, request, Cancellation)).Snapshot.Id.ToString();
    }

    /// <summary>Adds RECIPIENTS.txt and encrypts nothing.</summary>
    private sealed class SourceWithRecipients(IFileSource files, string text) : IFileSource
    {
        private readonly byte[] _text = System.Text.Encoding.UTF8.GetBytes(text);

        public SourceEntry Root => files.Root;

        public async ValueTask<IReadOnlyList<SourceEntry>> ListAsync(SourceEntry directory, CancellationToken cancellationToken)
        {
            var listed = await files.ListAsync(directory, cancellationToken);
            return directory != Root
                ? listed
                : [.. listed, new SourceEntry
                {
                    Name = new EntryName("RECIPIENTS.txt"),
                    Type = NodeType.File,
                    Metadata = new NodeMetadata { Permissions = 0x124, Modified = default },
                    Size = _text.Length,
                }];
        }

        public async ValueTask<IFileContent> OpenAsync(SourceEntry file, CancellationToken cancellationToken) =>
            file.Handle is null ? new Encryption.TextContent(file, _text) : await files.OpenAsync(file, cancellationToken);
    }
}
