using StellaOps.Backup.Age;
using StellaOps.Backup.Age.Keys;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Workers.Targets;

namespace StellaOps.Backup.SecretsBackup.Tests;

public sealed class SecretsRestoreTests : IDisposable
{
    private const string Owners = "stat -c '%a %u:%g' gone gone/deeper";
    private readonly SecretsSite _site = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Everything_comes_back_into_a_directory_as_it_was()
    {
        var backup = await BackUpTreeAsync();
        _site.BringIdentity();

        var result = await _site.RestoreAsync(backup, target: _site["target"]);

        Assert.Equal((Outcome.Complete, 5), (result.Outcome, result.Restore!.FilesWritten)); // four, and RECIPIENTS.txt
        Assert.Equal(await ListAsync(_site.Source), await ListAsync(_site["target"] + _site.Source));
        await DiffAsync(_site.Source, _site["target"] + _site.Source);
    }

    [Fact]
    public async Task In_place_it_repairs_what_differs_and_leaves_what_is_equal_or_new()
    {
        var backup = await BackUpTreeAsync();
        var before = await ListAsync(_site.Source);
        File.WriteAllText(Path.Combine(_site.Source, "db.env"), "overwritten");
        File.Delete(Path.Combine(_site.Source, "tls/key.pem"));
        File.SetUnixFileMode(Path.Combine(_site.Source, "empty"), UnixFileMode.UserRead | UnixFileMode.OtherRead);
        _site.BringIdentity();

        var result = await _site.RestoreAsync(backup);

        Assert.Equal(Outcome.Complete, result.Outcome);
        Assert.Equal((2, 2), (result.Restore!.FilesWritten, result.Restore.FilesUnchanged));
        Assert.Equal(before, await ListAsync(_site.Source));

        var added = _site.Write("added.env", "later");
        await _site.RestoreAsync(backup);
        Assert.True(File.Exists(added));
    }

    [Fact]
    public async Task A_single_file_comes_back_to_its_place()
    {
        var file = _site.Write("stella.env", "TOKEN=1");
        _site.Write("neighbour", "untouched");
        _site.Settings.Paths = [file];
        var backup = await _site.BackupAsync();
        File.Delete(file);
        _site.BringIdentity();

        await _site.RestoreAsync(backup);

        Assert.Equal("TOKEN=1", await File.ReadAllTextAsync(file, Cancellation));
        Assert.Equal(["neighbour", "stella.env"], Directory.GetFileSystemEntries(_site.Source).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task What_stands_in_the_way_of_a_single_file_is_named_by_its_whole_path()
    {
        var file = _site.Write("stella.env", "TOKEN=1");
        _site.Settings.Paths = [file];
        var backup = await _site.BackupAsync();
        File.Delete(file);
        Directory.CreateDirectory(Path.Combine(file, "in-the-way"));
        _site.BringIdentity();

        Assert.Equal(file, Assert.Single((await _site.RestoreAsync(backup)).Missing).Path);
    }

    [Fact]
    public async Task Without_an_identity_nothing_is_touched_and_the_hint_says_what_to_do()
    {
        var backup = await BackUpTreeAsync();
        Directory.Delete(_site.Source, recursive: true);

        var refused = await Assert.ThrowsAsync<BackupException>(() => _site.RestoreAsync(backup));

        Assert.Equal(ErrorCodes.IdentityMissing, refused.Error);
        Assert.Contains(_site.IdentityFile, refused.Hint, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_site.Source));
    }

    [Fact]
    public async Task A_wrong_identity_is_refused_before_anything_is_touched_and_not_repeated()
    {
        var backup = await BackUpTreeAsync();
        var stranger = X25519Identity.Generate();
        _site.BringIdentity(stranger);

        var refused = await Assert.ThrowsAsync<BackupException>(() => _site.RestoreAsync(backup, target: _site["target"]));

        Assert.Equal(ErrorCodes.IdentityMissing, refused.Error);
        Assert.DoesNotContain(stranger.Export(), refused.ToString() + refused.Hint + _site.Log.Text, StringComparison.OrdinalIgnoreCase);
        Assert.False(Directory.Exists(_site["target"]));
    }

    [Fact]
    public async Task A_broken_identity_file_is_named_and_not_repeated()
    {
        var backup = await BackUpTreeAsync();
        var whole = _site.Custodian.Export();
        var broken = whole[..^1] + (whole[^1] == '7' ? '8' : '7');
        await File.WriteAllTextAsync(_site.IdentityFile, broken, Cancellation);

        var refused = await Assert.ThrowsAsync<BackupException>(() => _site.RestoreAsync(backup));

        Assert.Equal(ErrorCodes.IdentityMissing, refused.Error);
        Assert.Contains("line 1", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(broken[20..40], refused.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_tampered_age_file_is_refused_before_anything_is_touched()
    {
        var snapshot = await BackUpTamperedAsync();
        _site.BringIdentity();

        var refused = await Assert.ThrowsAsync<BackupException>(() => _site.RestoreAsync(snapshot, target: _site["target"]));

        Assert.Equal(ErrorCodes.Damaged, refused.Error);
        Assert.Contains("bad.env", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_site["target"]));
    }

    [Fact]
    public async Task A_target_with_something_in_it_is_refused_unless_an_earlier_attempt_left_it()
    {
        var backup = await BackUpTreeAsync();
        _site.BringIdentity();
        await _site.RestoreAsync(backup, target: _site["target"]);

        foreach (var attempt in (int[])[1, 2])
        {
            var refused = await Assert.ThrowsAsync<BackupException>(() => _site.RestoreAsync(backup, target: _site["target"], context: _site.Context(attempt)));
            Assert.Equal(ErrorCodes.TargetNotEmpty, refused.Error);
        }

        var task = Guid.NewGuid();
        await File.WriteAllTextAsync(TargetClaim.MarkerOf(_site["target"], task), "", Cancellation);
        var again = await _site.RestoreAsync(backup, target: _site["target"], context: _site.Context(task, attempt: 2));
        Assert.Equal((0, 5), (again.Restore!.FilesWritten, again.Restore.FilesUnchanged));
        Assert.False(File.Exists(TargetClaim.MarkerOf(_site["target"], task)));
    }

    [Fact]
    public async Task A_path_that_is_not_configured_any_more_is_not_written_to()
    {
        var backup = await BackUpTreeAsync();
        Directory.Delete(_site.Source, recursive: true);
        _site.Settings.Paths = [_site["elsewhere"]];
        _site.BringIdentity();

        var result = await _site.RestoreAsync(backup);

        Assert.Equal(Outcome.Incomplete, result.Outcome);
        Assert.Equal(_site.Source, Assert.Single(result.Missing).Path);
        Assert.False(Directory.Exists(_site.Source));
    }

    [Fact]
    public async Task A_dry_run_changes_nothing_and_needs_no_identity()
    {
        var backup = await BackUpTreeAsync();
        Directory.Delete(_site.Source, recursive: true);

        var result = await _site.RestoreAsync(backup, dryRun: true);

        Assert.Contains("4 files", result.Restore!.Notes[0], StringComparison.Ordinal);
        Assert.Contains(_site.IdentityFile, result.Restore.Notes[1], StringComparison.Ordinal);
        Assert.False(Directory.Exists(_site.Source));
    }

    [Fact]
    public async Task What_is_replaced_can_be_kept()
    {
        var file = _site.Write("stella.env", "then");
        _site.Settings.Paths = [_site.Source, file];
        var backup = await _site.BackupAsync();
        _site.Write("stella.env", "now");
        _site.BringIdentity();

        _site.Settings.Paths = [_site.Source];
        var result = await _site.RestoreAsync(backup, keep: true);

        Assert.Equal("then", await File.ReadAllTextAsync(file, Cancellation));
        Assert.Equal("now", await File.ReadAllTextAsync(Path.Combine(result.Restore!.ReplacedDirectory!, "stella.env"), Cancellation));
    }

    [Fact]
    public async Task A_replaced_file_can_be_kept()
    {
        var file = _site.Write("stella.env", "then");
        _site.Settings.Paths = [file];
        var backup = await _site.BackupAsync();
        _site.Write("stella.env", "now");
        _site.BringIdentity();

        var result = await _site.RestoreAsync(backup, keep: true);

        Assert.Equal("then", await File.ReadAllTextAsync(file, Cancellation));
        Assert.Equal("now", await File.ReadAllTextAsync(result.Restore!.ReplacedDirectory!, Cancellation));
        Assert.Equal(2, Directory.GetFileSystemEntries(_site.Source).Length);
    }

    [Theory]
    [InlineData("stella.env", true, false)]
    [InlineData("stella.env", true, true)]
    [InlineData("", false, true)]
    public async Task Nothing_takes_the_place_of_a_link(string name, bool isFile, bool dryRun)
    {
        _site.Write("stella.env", "TOKEN=1");
        var path = Path.TrimEndingDirectorySeparator(Path.Combine(_site.Source, name));
        var elsewhere = _site["elsewhere"];
        Directory.Move(path, elsewhere);
        File.CreateSymbolicLink(path, elsewhere);
        _site.Settings.Paths = [path];
        var backup = await _site.BackupAsync();
        _site.BringIdentity();

        var refused = await Assert.ThrowsAsync<BackupException>(() => _site.RestoreAsync(backup, keep: !isFile, dryRun: dryRun));

        Assert.Equal(ErrorCodes.InvalidInput, refused.Error);
        Assert.Equal(elsewhere, new FileInfo(path).LinkTarget);
        Assert.Equal([path], Directory.GetFileSystemEntries(Path.GetDirectoryName(path)!).Where(entry => entry.StartsWith(path, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("secrets", false)]
    [InlineData("stella.env", true)]
    public async Task Where_nothing_is_nothing_is_kept_though_its_parent_is_gone_too(string name, bool isFile)
    {
        var path = Path.Combine(_site.Source, "gone", name);
        var file = _site.Write(isFile ? $"gone/{name}" : $"gone/{name}/db.env", "TOKEN=1");
        _site.Settings.Paths = [path];
        var backup = await _site.BackupAsync();
        Directory.Delete(Path.Combine(_site.Source, "gone"), recursive: true);
        _site.BringIdentity();

        var restored = await _site.RestoreAsync(backup, keep: true);

        Assert.Equal((Outcome.Complete, null), (restored.Outcome, restored.Restore!.ReplacedDirectory));
        Assert.Equal("TOKEN=1", await File.ReadAllTextAsync(file, Cancellation));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Directories_above_a_place_that_are_gone_come_back_as_they_were(bool keep)
    {
        var file = _site.Write("gone/deeper/stella.env", "TOKEN=1");
        await ShellAsync("chmod 751 gone && chmod 750 gone/deeper && if [ \"$(id -u)\" = 0 ]; then chown 4321:1234 gone gone/deeper; fi");
        var before = await ShellAsync(Owners);
        _site.Settings.Paths = [file];
        var backup = await _site.BackupAsync();
        Directory.Delete(Path.Combine(_site.Source, "gone"), recursive: true);
        _site.BringIdentity();

        await _site.RestoreAsync(backup, keep: keep);

        Assert.Equal("TOKEN=1", await File.ReadAllTextAsync(file, Cancellation));
        Assert.Equal(before, await ShellAsync(Owners));
        Assert.Equal(["gone", "gone/deeper", "gone/deeper/stella.env"], Directory.GetFileSystemEntries(_site.Source, "*", SearchOption.AllDirectories)
            .Select(entry => Path.GetRelativePath(_site.Source, entry)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_crash_between_the_two_renames_is_finished_by_the_next_attempt()
    {
        _site.Write("stella.env", "then");
        var backup = await _site.BackupAsync();
        _site.Write("stella.env", "now");
        _site.BringIdentity();
        var task = Guid.NewGuid();
        var first = await _site.RestoreAsync(backup, keep: true, context: _site.Context(task));
        Directory.Move(_site.Source, $"{_site.Source}.restoring-{task:N}");

        for (var attempt = 2; attempt <= 3; attempt++)
        {
            var again = await _site.RestoreAsync(backup, keep: true, context: _site.Context(task, attempt));
            Assert.Equal(first.Restore!.ReplacedDirectory, again.Restore!.ReplacedDirectory);
            Assert.Equal("then", await File.ReadAllTextAsync(Path.Combine(_site.Source, "stella.env"), Cancellation));
            Assert.Equal("now", await File.ReadAllTextAsync(Path.Combine(again.Restore.ReplacedDirectory!, "stella.env"), Cancellation));
        }
    }

    public void Dispose() => _site.Dispose();

    private async Task<TaskResult> BackUpTreeAsync()
    {
        _site.Write("db.env", "PASSWORD=1\n");
        _site.Write("empty", "");
        _site.Write("tls/key.pem", new string('k', 200_000));
        _site.Write("tls/odd name \u00e4", "x");
        File.CreateSymbolicLink(Path.Combine(_site.Source, "current"), "tls/key.pem");
        File.SetUnixFileMode(Path.Combine(_site.Source, "tls"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.SetUnixFileMode(Path.Combine(_site.Source, "tls/key.pem"), UnixFileMode.UserRead);
        File.SetLastWriteTimeUtc(Path.Combine(_site.Source, "db.env"), new DateTime(2020, 2, 29, 1, 2, 3, DateTimeKind.Utc).AddTicks(1234567));
        File.SetLastWriteTimeUtc(Path.Combine(_site.Source, "tls"), new DateTime(2021, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        return await _site.BackupAsync();
    }

    /// <summary>A valid snapshot of an age file that is not as it was when it was encrypted.</summary>
    private async Task<string> BackUpTamperedAsync()
    {
        Directory.CreateDirectory(_site["tampered"]);
        var file = new MemoryStream();
        await new AgeEncryption(_site.Custodian.Recipient).EncryptAsync(new MemoryStream(new byte[1000]), file, cancellationToken: Cancellation);
        var bytes = file.ToArray();
        bytes[^20] ^= 1;
        await File.WriteAllBytesAsync(_site["tampered", "bad.env.age"], bytes, Cancellation);

        await using var repository = await _site.CreateRepositoryAsync();
        var request = new ArchiveRequest { Paths = [_site["tampered"]], Hostname = "host" };
        var result = await new Archiver(repository, TimeProvider.System).RunAsync(new LocalFileSource(request.Paths), request, Cancellation);
        return result.Snapshot.Id.ToString();
    }

    /// <summary>Runs a script in the source.</summary>
    private async Task<string> ShellAsync(string script) =>
        (await Processes.RunAsync("/bin/sh", ["-c", script], workingDirectory: _site.Source, cancellationToken: Cancellation)).Checked().Output;

    /// <summary>Type, mode, owner, size, time and link target of everything.</summary>
    private static async Task<string> ListAsync(string directory) => (await Processes.RunAsync(
        "sh", ["-c", "find . -printf '%P|%y|%m|%U:%G|%l|%T@' -type f -printf '|%s' -printf '\\n' -o -printf '\\n' | sort"],
        workingDirectory: directory, cancellationToken: Cancellation)).Checked().Output;

    private static async Task DiffAsync(string left, string right) =>
        (await Processes.RunAsync("diff", ["-r", left, right], cancellationToken: Cancellation)).Checked();
}
