using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.SecretsBackup.Proving;
using StellaOps.Backup.SecretsBackup.Recipients;
using StellaOps.Backup.SecretsBackup.Restoring;
using StellaOps.Backup.Testing.Machine;

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
    public async Task Names_that_are_not_UTF8_are_compared_too_and_no_copy_of_them_stays()
    {
        // As paths of .NET these are one and the same.
        _site.Write("a", "");
        const string write = """mkdir "$1/$(printf 'd\377')" && printf 12 >"$1/$(printf '\377')" && printf 1234 >"$1/$(printf '\376')" && printf 123456 >"$1/$(printf 'd\377/\376')" """;
        await ShellAsync(write, _site.Source);
        var snapshot = (await _site.BackupAsync()).Snapshot!.SnapshotId;
        await ShellAsync("find \"$1\" -mindepth 1 -delete", _site.Source); // The end of the test could not remove them.
        _site.BringIdentity();

        var proof = (await _site.TestRestoreAsync(snapshot)).Proof!;

        Assert.Equal((ProofDepth.Restored, 4), (proof.Depth, proof.FilesChecked));
        Assert.Empty(Directory.GetFileSystemEntries(_site.Settings.ScratchDirectory));
    }

    [Theory]
    [InlineData("rm", "is missing")]
    [InlineData("chmod 640", "has another mode")]
    [InlineData("touch", "has another time")]
    [InlineData("truncate -s 7", "has 7 bytes and not 1")]
    public async Task A_copy_that_is_not_what_was_saved_fails_the_proof(string change, string reason)
    {
        var snapshot = await BackUpAsync();
        _site.BringIdentity();
        await _site.TestRestoreAsync(snapshot, target: _site["copy"]);
        await using var opened = await _site.OpenAsync();
        var saved = await SavedSecrets.LoadAsync(opened, snapshot, Cancellation);
        var check = new CiphertextCheck(saved);
        await check.RunAsync(_site.Context().Progress, Cancellation);
        await new RestoredCopyCheck(saved, check, _site["copy"]).RunAsync(Cancellation);
        await ShellAsync($"{change} \"$1/a.env\"", _site["copy"] + _site.Source);

        var refused = await Assert.ThrowsAsync<BackupException>(() => new RestoredCopyCheck(saved, check, _site["copy"]).RunAsync(Cancellation));

        Assert.Equal(ErrorCodes.ProofFailed, refused.Error);
        Assert.Contains($"a.env {reason}", refused.Message, StringComparison.Ordinal);
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
    [InlineData(null, "has 2 stanzas")]
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
    public async Task A_proof_of_ciphertext_does_not_claim_whose_the_stanzas_are()
    {
        var snapshot = await SaveAsync(await EncryptAsync(X25519Identity.Generate().Recipient), cut: 0);

        var proof = (await _site.TestRestoreAsync(snapshot)).Proof!;

        Assert.Equal("1 age files are whole; each has as many stanzas as RECIPIENTS.txt has recipients (1): whose they are, only an identity shows", proof.Findings[0]);
        Assert.Equal("the recipients of RECIPIENTS.txt are the configured ones", proof.Findings[1]);
        _site.BringIdentity();
        Assert.Equal(ErrorCodes.IdentityMissing, (await Assert.ThrowsAsync<BackupException>(() => _site.TestRestoreAsync(snapshot))).Error);
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
        await using var living = await ScratchDirectory.CreateAsync(parent, Component.Secrets, Guid.NewGuid(), _site.Log.Warning, Cancellation);
        var dead = Path.Combine(parent, "secrets-test-dead");
        Directory.CreateDirectory(Path.Combine(dead, "locked"));
        File.WriteAllText(Path.Combine(dead, "locked", "plain"), "secret");
        await ShellAsync("touch \"$1/$(printf '\\377')\"", dead);
        File.SetUnixFileMode(Path.Combine(dead, "locked"), UnixFileMode.UserRead);
        File.WriteAllText(dead + ".lock", "");

        await _site.Handler().RemoveAbandonedAsync(_site.Log.Warning, Cancellation);

        Assert.Empty(_site.Log.Text);
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

    private static async Task ShellAsync(string script, string directory) =>
        (await Processes.RunAsync("/bin/sh", ["-c", script, "sh", directory], cancellationToken: Cancellation)).Checked();

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
