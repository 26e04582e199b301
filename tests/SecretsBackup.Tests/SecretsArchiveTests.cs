using System.Runtime.CompilerServices;
using System.Text.Json;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.SecretsBackup.Tests;

public sealed class SecretsArchiveTests : IDisposable
{
    private const string Secret = "hunter2-hunter2-hunter2";
    private readonly SecretsSite _site = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Plaintext_is_found_nowhere_after_a_backup()
    {
        _site.Write("db.env", $"PASSWORD={Secret}\n");
        _site.Write("tls/key.pem", new string('k', 200_000) + Secret);

        var result = await _site.BackupAsync();
        await _site.Restic.RunAsync(["restore", "latest", "--target", _site["restic"]], Cancellation);

        Assert.Equal(Outcome.Complete, result.Outcome);
        Assert.Equal(2, Directory.GetFiles(_site["restic"], "*.age", SearchOption.AllDirectories).Length);
        foreach (var place in new[] { _site.Location, _site["restic"], _site["scratch"] }.Where(Directory.Exists))
        {
            var found = await Processes.RunAsync("grep", ["-rlaF", Secret, place], cancellationToken: Cancellation);
            Assert.Equal("", found.Output);
        }

        Assert.DoesNotContain(Secret, _site.Log.Text + JsonSerializer.Serialize(result), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restic_and_age_alone_bring_the_original_back()
    {
        var content = string.Concat(Enumerable.Range(0, 30_000).Select(i => $"{i}\n"));
        var file = _site.Write("large.env", content);
        await _site.BackupAsync();
        _site.BringIdentity();

        await _site.Restic.RunAsync(["check", "--read-data"], Cancellation);
        await _site.Restic.RunAsync(["restore", "latest", "--target", _site["restic"]], Cancellation);
        var encrypted = _site["restic"] + file + ".age";
        (await Processes.RunAsync("age", ["-d", "-i", _site.IdentityFile, "-o", _site["plain"], encrypted], cancellationToken: Cancellation)).Checked();

        Assert.Equal(content, await File.ReadAllTextAsync(_site["plain"], Cancellation));
        Assert.Equal(File.GetUnixFileMode(file), File.GetUnixFileMode(encrypted));
        Assert.Equal(File.GetLastWriteTimeUtc(file), File.GetLastWriteTimeUtc(encrypted));
        Assert.Contains(_site.Custodian.ToString(), await File.ReadAllTextAsync(Path.Combine(_site["restic"], "RECIPIENTS.txt"), Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_commands_of_the_document_bring_everything_back_as_it_was()
    {
        _site.Write("db.env", "PASSWORD=1\n");
        _site.Write("empty", "");
        _site.Write("odd  name", "x");
        _site.Write("odd  name.age", "a secret that has such a name");
        File.SetUnixFileMode(_site.Write("tls/key.pem", new string('k', 200_000)), UnixFileMode.UserRead | UnixFileMode.GroupRead);
        await ShellAsync("touch -d 2020-02-29T01:02:03Z db.env; if [ \"$(id -u)\" = 0 ]; then chown 4321:1234 tls/key.pem; fi", _site.Source);
        await _site.BackupAsync();
        _site.BringIdentity();
        await RunDocumentedAsync();

        const string list = "find . -type f ! -name '*.age' -printf '%P|%m|%U:%G|%s|%T@\\n' | sort";
        Assert.Equal(await ShellAsync(list, _site.Source), await ShellAsync(list, _site["restored"] + _site.Source));
        foreach (var file in Directory.GetFiles(_site.Source, "*", SearchOption.AllDirectories))
        {
            Assert.Equal(await File.ReadAllBytesAsync(file, Cancellation), await File.ReadAllBytesAsync(_site["restored"] + file, Cancellation));
        }
    }

    [Fact]
    public async Task The_commands_of_the_document_end_where_a_file_cannot_be_decrypted_and_leave_none_in_its_place()
    {
        _site.Write("db.env", "PASSWORD=1\n");
        await _site.BackupAsync();
        _site.BringIdentity(X25519Identity.Generate());

        var failed = await Assert.ThrowsAsync<InvalidOperationException>(() => RunDocumentedAsync());

        Assert.Contains("stopped at", failed.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_site["restored"] + Path.Combine(_site.Source, "db.env")));
    }

    [Theory]
    [InlineData("location")]
    [InlineData("secondary")]
    public async Task A_path_that_holds_a_location_is_not_saved(string place)
    {
        _site.Write("a.env", Secret);
        _site.Secondary = _site["elsewhere", "secondary"];
        _site.Settings.Paths = [_site.Source, place == "location" ? _site.Location : _site["elsewhere"]];

        var refused = await Assert.ThrowsAsync<BackupException>(() => _site.BackupAsync());

        Assert.Equal(ErrorCodes.NotConfigured, refused.Error);
        Assert.Contains("which is to be saved", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_result_counts_the_source_and_names_the_recipients()
    {
        _site.Write("a", "12345");
        _site.Write("b/c", "678");

        var snapshot = (await _site.BackupAsync()).Snapshot!;

        Assert.Equal((2, 8), (snapshot.Files, snapshot.Bytes));
        Assert.Equal([_site.Custodian.ToString()], snapshot.Recipients);
    }

    [Fact]
    public async Task Unchanged_files_are_not_encrypted_anew()
    {
        _site.Write("same.env", "same");
        _site.Write("other.env", "before");
        await _site.BackupAsync();
        _site.Write("other.env", "after!");

        var second = await _site.BackupAsync();

        Assert.Contains("2 files for 1 recipients: 1 unchanged, 1 encrypted", _site.Log.Text, StringComparison.Ordinal);
        Assert.Equal((2, 10), (second.Snapshot!.Files, second.Snapshot.Bytes));
        var contents = await _site.SavedBlobsAsync("same.env.age");
        Assert.Equal(2, contents.Count);
        Assert.Single(contents.Distinct());
        Assert.Equal(2, (await _site.SavedBlobsAsync("other.env.age")).Distinct().Count());
    }

    [Fact]
    public async Task New_recipients_cause_everything_to_be_encrypted_anew()
    {
        _site.Write("a.env", Secret);
        await _site.BackupAsync();
        var successor = X25519Identity.Generate();
        _site.Settings.Recipients = [successor.ToString()];

        var second = await _site.BackupAsync();

        Assert.Equal(2, (await _site.SavedBlobsAsync("a.env.age")).Distinct().Count());
        _site.BringIdentity(_site.Custodian);
        Assert.Equal(ErrorCodes.IdentityMissing, (await Assert.ThrowsAsync<BackupException>(() => _site.RestoreAsync(second))).Error);
        _site.BringIdentity(successor);
        Assert.Equal(Outcome.Complete, (await _site.RestoreAsync(second)).Outcome);
    }

    [Fact]
    public async Task A_second_attempt_takes_over_what_the_first_encrypted_and_replaces_its_snapshot()
    {
        _site.Write("a.env", Secret);
        var task = Guid.NewGuid();
        await _site.BackupAsync(_site.Context(task));
        var before = Assert.Single(await _site.SavedBlobsAsync("a.env.age"));

        var second = await _site.BackupAsync(_site.Context(task, attempt: 2));

        Assert.Equal(before, Assert.Single(await _site.SavedBlobsAsync("a.env.age")));
        Assert.Contains(second.Snapshot!.SnapshotId, await _site.Restic.RunAsync(["snapshots", "--json"], Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_recipients_nothing_is_created()
    {
        _site.Write("a.env", Secret);
        _site.Settings.Recipients = [];

        Assert.Equal(ErrorCodes.NotConfigured, (await Assert.ThrowsAsync<BackupException>(() => _site.BackupAsync())).Error);
        Assert.False(Directory.Exists(_site.Location));
    }

    [Fact]
    public async Task What_cannot_be_read_makes_the_backup_incomplete_and_is_named()
    {
        _site.Write("a.env", Secret);
        _site.Settings.Paths = [_site.Source, _site["nowhere"]];

        var result = await _site.BackupAsync();

        Assert.Equal(Outcome.Incomplete, result.Outcome);
        Assert.Equal(_site["nowhere"], Assert.Single(result.Missing).Path);
        Assert.Equal(1, result.MissingCount);
        Assert.Equal(1, result.Snapshot!.Files);
    }

    public void Dispose() => _site.Dispose();

    /// <summary>Runs what docs/secrets.md says under "Without this product", with the places of this site.</summary>
    private async Task RunDocumentedAsync([CallerFilePath] string here = "")
    {
        var document = await File.ReadAllTextAsync(Path.Combine(Path.GetDirectoryName(here)!, "../../docs/secrets.md"), Cancellation);
        var script = document.Split("Without this product:")[1].Split("```sh\n")[1].Split("```")[0]
            .Replace("restic -r", $"{Environment.GetEnvironmentVariable("STELLA_TEST_RESTIC") ?? "restic"} --no-cache -r", StringComparison.Ordinal)
            .Replace("/var/lib/stellaops/backups/secrets", Path.Combine(_site.Location, "secrets"), StringComparison.Ordinal)
            .Replace("/root/restored", _site["restored"], StringComparison.Ordinal)
            .Replace("/root/identity.txt", _site.IdentityFile, StringComparison.Ordinal);
        await ShellAsync(script, "/");
    }

    private static async Task<string> ShellAsync(string script, string directory) => (await Processes.RunAsync(
        "/bin/sh", ["-c", script], new Dictionary<string, string?> { ["RESTIC_PASSWORD"] = SecretsSite.Password }, workingDirectory: directory, cancellationToken: Cancellation)).Checked().Output;
}
