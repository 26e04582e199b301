using System.Net.Sockets;
using StellaOps.Backup.ConfigBackup.Restores;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Testing.Files;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.ConfigBackup.Tests;

public sealed class ConfigRestoreTests : IAsyncDisposable
{
    private readonly ConfigBench _bench = new();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task Configuration_comes_back_exactly_and_a_dry_run_says_how()
    {
        var backup = await MakeAsync();
        var copy = await _bench.CopySourceAsync();
        _bench.Write("api/appsettings.json", "changed");
        File.Delete(Path.Combine(_bench.Source, "lost.conf"));
        _bench.Write("api/extra.json", "new");
        File.SetUnixFileMode(Path.Combine(_bench.Source, "mode.conf"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);

        var planned = await _bench.RestoreAsync(backup, dryRun: true);
        Assert.Contains($"would be added: {_bench.Source}/lost.conf", planned.Restore!.Notes);
        Assert.Contains($"would be deleted: {_bench.Source}/api/extra.json", planned.Restore.Notes);
        Assert.Contains(planned.Restore.Notes, note => note.StartsWith($"would be changed: {_bench.Source}/api/appsettings.json", StringComparison.Ordinal));
        Assert.Contains(planned.Restore.Notes, note => note.StartsWith($"would be changed: {_bench.Source}/mode.conf has mode", StringComparison.Ordinal));
        Assert.Equal("changed", await File.ReadAllTextAsync(Path.Combine(_bench.Source, "api/appsettings.json"), TestContext.Current.CancellationToken));

        var restored = await _bench.RestoreAsync(backup);
        Assert.Equal((Outcome.Complete, 1), (restored.Outcome, restored.Restore!.FilesDeleted));
        Assert.Contains($"info: deleted, the point does not have it: {_bench.Source}/api/extra.json", _bench.Log.Lines);
        Assert.Empty(await TreeComparer.DifferencesAsync(copy, _bench.Source, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(["nothing would change"], (await _bench.RestoreAsync(backup, dryRun: true)).Restore!.Notes);
    }

    [Fact]
    public async Task What_the_backup_could_not_read_is_not_deleted()
    {
        await using var bench = new ConfigBench(("Config:Paths:1", "/nowhere/at/all"));
        bench.Write("a.conf", "a");
        var backup = await bench.BackupAsync();
        bench.Write("unread.conf", "the only copy");

        var planned = await bench.RestoreAsync(backup, dryRun: true);
        Assert.Equal((Outcome.Incomplete, "nothing would change"), (planned.Outcome, planned.Restore!.Notes[0]));
        var restored = await bench.RestoreAsync(backup);
        Assert.Equal((Outcome.Incomplete, "/nowhere/at/all"), (restored.Outcome, Assert.Single(restored.Missing).Path));
        Assert.Equal(0, restored.Restore!.FilesDeleted);
        Assert.Contains(restored.Restore.Notes, note => note.StartsWith("nothing is deleted: the backup could not read everything", StringComparison.Ordinal));
        Assert.Equal("the only copy", await File.ReadAllTextAsync(Path.Combine(bench.Source, "unread.conf"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_path_that_is_not_configured_any_more_is_not_written_to()
    {
        await using var bench = new ConfigBench(("Config:Paths:1", _bench["moved"]));
        bench.Write("a.conf", "a");
        Directory.CreateDirectory(_bench["moved"]);
        await File.WriteAllTextAsync(_bench["moved", "b.conf"], "b", TestContext.Current.CancellationToken);
        var backup = await bench.BackupAsync();
        bench.Settings.Paths.Remove(_bench["moved"]);
        bench.Write("a.conf", "changed");
        File.Move(_bench["moved", "b.conf"], _bench["moved", "secret.env"]);

        foreach (var dryRun in (bool[])[true, false])
        {
            var result = await bench.RestoreAsync(backup, dryRun);
            Assert.Equal((Outcome.Incomplete, 1), (result.Outcome, result.MissingCount));
            Assert.Equal((_bench["moved"], "it is not configured any more; restore it into a directory"), (result.Missing.Single().Path, result.Missing.Single().Reason));
            Assert.Equal([_bench["moved", "secret.env"]], Directory.GetFileSystemEntries(_bench["moved"]));
        }

        Assert.Equal("a", await File.ReadAllTextAsync(Path.Combine(bench.Source, "a.conf"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_is_replaced_is_kept_on_request()
    {
        var backup = await MakeAsync();
        _bench.Write("api/appsettings.json", "changed");
        var restored = await _bench.RestoreAsync(backup, keepReplaced: true);
        var kept = restored.Restore!.ReplacedDirectory!;
        Assert.StartsWith($"{_bench.Source}.replaced-", kept, StringComparison.Ordinal);
        Assert.Equal("changed", await File.ReadAllTextAsync(Path.Combine(kept, "api/appsettings.json"), TestContext.Current.CancellationToken));
        Assert.Equal("{}", await File.ReadAllTextAsync(Path.Combine(_bench.Source, "api/appsettings.json"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Of_a_configured_link_what_it_leads_to_is_kept()
    {
        var elsewhere = _bench["elsewhere"];
        _bench.Write("a.conf", "a");
        Directory.Move(_bench.Source, elsewhere);
        Directory.CreateSymbolicLink(_bench.Source, elsewhere);
        var backup = await _bench.BackupAsync();
        _bench.Write("a.conf", "changed");
        _bench.Write("added.conf", "new");

        var kept = (await _bench.RestoreAsync(backup, keepReplaced: true)).Restore!.ReplacedDirectory!;

        Assert.Null(new FileInfo(kept).LinkTarget);
        Assert.Equal("changed", await File.ReadAllTextAsync(Path.Combine(kept, "a.conf"), TestContext.Current.CancellationToken));
        Assert.Equal("new", await File.ReadAllTextAsync(Path.Combine(kept, "added.conf"), TestContext.Current.CancellationToken));
        Assert.Equal("a", await File.ReadAllTextAsync(Path.Combine(elsewhere, "a.conf"), TestContext.Current.CancellationToken));
        Assert.NotNull(new FileInfo(_bench.Source).LinkTarget);
    }

    [Fact]
    public async Task A_later_attempt_keeps_what_was_there_before_the_first()
    {
        var backup = await MakeAsync();
        _bench.Write("api/appsettings.json", "changed");
        var task = Guid.NewGuid();
        Directory.CreateDirectory($"{_bench.Source}.keeping-{task:N}/half-copied");
        var first = await _bench.RestoreAsync(backup, keepReplaced: true, task: _bench.Task(task));

        _bench.Write("api/appsettings.json", "half-restored");
        var second = await _bench.RestoreAsync(backup, keepReplaced: true, task: _bench.Task(task, attempt: 2));

        var kept = $"{_bench.Source}.replaced-{task:N}";
        Assert.Equal((kept, kept), (first.Restore!.ReplacedDirectory, second.Restore!.ReplacedDirectory));
        Assert.Equal("changed", await File.ReadAllTextAsync(Path.Combine(kept, "api/appsettings.json"), TestContext.Current.CancellationToken));
        Assert.Equal([_bench.Source, kept], Directory.GetFileSystemEntries(Path.GetDirectoryName(_bench.Source)!, "source*").Order());
        Assert.False(Path.Exists(Path.Combine(kept, "half-copied")));
    }

    [Fact]
    public async Task A_later_attempt_does_not_keep_what_the_first_half_restored_where_nothing_was()
    {
        var backup = await MakeAsync();
        Directory.Delete(_bench.Source, recursive: true);
        var task = Guid.NewGuid();
        Assert.Empty(await new ReplacedCopy(task).KeepAsync([new(_bench.Source, _bench.Source, IsDirectory: true)], TestContext.Current.CancellationToken));
        _bench.Write("api/appsettings.json", "half-restored"); // And here the first attempt dies.

        var second = await _bench.RestoreAsync(backup, keepReplaced: true, task: _bench.Task(task, attempt: 2));

        Assert.Null(second.Restore!.ReplacedDirectory);
        Assert.Equal("{}", await File.ReadAllTextAsync(Path.Combine(_bench.Source, "api/appsettings.json"), TestContext.Current.CancellationToken));
        Assert.Equal([_bench.Source], Directory.GetFileSystemEntries(Path.GetDirectoryName(_bench.Source)!, "source*"));
    }

    [Fact]
    public async Task A_copy_that_is_cancelled_leaves_nothing()
    {
        _bench.Write("a.conf", "a");
        var copy = new ReplacedCopy(Guid.NewGuid());
        RestorePlace[] places = [new(_bench.Source, _bench.Source, IsDirectory: true)];
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copy.KeepAsync(places, new CancellationToken(canceled: true)));
        Assert.Equal([_bench.Source], Directory.GetFileSystemEntries(Path.GetDirectoryName(_bench.Source)!, "source*"));
        Assert.Single(await copy.KeepAsync(places, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_single_file_comes_back_beside_files_that_are_not_saved()
    {
        var directory = Directory.CreateDirectory(_bench["etc"]).FullName;
        var file = Path.Combine(directory, "stella.conf");
        await File.WriteAllTextAsync(file, "saved", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(directory, "other.conf"), "other", TestContext.Current.CancellationToken);
        await using var bench = new ConfigBench(("Config:Paths:0", file));
        var backup = await bench.BackupAsync();
        Assert.Equal(1, backup.Snapshot!.Files);

        await File.WriteAllTextAsync(file, "changed", TestContext.Current.CancellationToken);
        Assert.Equal([$"would be changed: {file} has 7 bytes, not 5"], (await bench.RestoreAsync(backup, dryRun: true)).Restore!.Notes);
        await bench.RestoreAsync(backup);
        Assert.Equal("saved", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        Assert.True(File.Exists(Path.Combine(directory, "other.conf")));
    }

    [Fact]
    public async Task What_stands_in_the_way_is_named_by_its_whole_path()
    {
        var file = _bench["etc", "stella.conf"];
        Directory.CreateDirectory(_bench["etc"]);
        await File.WriteAllTextAsync(file, "saved", TestContext.Current.CancellationToken);
        await using var bench = new ConfigBench(("Config:Paths:1", file), ("Config:Paths:2", "/nowhere/at/all"));
        bench.Write("a.conf", "a");
        var backup = await bench.BackupAsync();
        foreach (var path in (string[])[file, Path.Combine(bench.Source, "a.conf")])
        {
            File.Delete(path);
            Directory.CreateDirectory(Path.Combine(path, "in-the-way"));
        }

        var restored = await bench.RestoreAsync(backup);

        Assert.Equal(
            ((string[])["/nowhere/at/all", file, Path.Combine(bench.Source, "a.conf")]).Order(StringComparer.Ordinal),
            restored.Missing.Select(item => item.Path).Order(StringComparer.Ordinal));
    }

    [Fact(Explicit = true)]
    public async Task A_disk_without_room_for_what_is_replaced_is_named_and_nothing_is_changed()
    {
        await using var disk = await SmallDisk.MountAsync(_bench["disk"], "1m", TestContext.Current.CancellationToken);
        await using var bench = new ConfigBench(("Config:Paths:0", _bench["disk", "etc"]));
        Directory.CreateDirectory(_bench["disk", "etc"]);
        await File.WriteAllBytesAsync(_bench["disk", "etc", "large"], new byte[600_000], TestContext.Current.CancellationToken);
        var backup = await bench.BackupAsync();
        File.Delete(_bench["disk", "etc", "large"]);
        await File.WriteAllBytesAsync(_bench["disk", "etc", "other"], new byte[600_000], TestContext.Current.CancellationToken);

        var full = await Assert.ThrowsAsync<BackupException>(() => bench.RestoreAsync(backup, keepReplaced: true));

        Assert.Equal(ErrorCodes.StorageFull, full.Error);
        Assert.Contains($"{_bench["disk", "etc"]}.replaced-", full.Message, StringComparison.Ordinal);
        Assert.Equal([_bench["disk", "etc"]], Directory.GetFileSystemEntries(_bench["disk"]));
        Assert.Equal([_bench["disk", "etc", "other"]], Directory.GetFileSystemEntries(_bench["disk", "etc"]));
    }

    [Fact]
    public async Task Another_directory_gets_everything_under_its_absolute_path()
    {
        var backup = await MakeAsync();
        await _bench.RestoreAsync(backup, target: _bench["elsewhere"]);
        Assert.Empty(await TreeComparer.DifferencesAsync(
            _bench.Source, _bench["elsewhere"] + _bench.Source, cancellationToken: TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_target_with_something_in_it_is_refused_in_every_attempt(int attempt)
    {
        var backup = await MakeAsync();
        var target = _bench["elsewhere"];
        Directory.CreateDirectory(target);
        await File.WriteAllTextAsync(Path.Combine(target, "other"), "", TestContext.Current.CancellationToken);
        Directory.Move(_bench.Location, $"{_bench.Location}.away"); // It is seen before anything that a later attempt may find mended.

        var task = _bench.Task(attempt: attempt);
        Assert.Equal(ErrorCodes.TargetNotEmpty, (await Assert.ThrowsAsync<BackupException>(() => _bench.RestoreAsync(backup, target: target, task: task))).Error);
        Assert.Equal(ErrorCodes.TargetNotEmpty, (await Assert.ThrowsAsync<BackupException>(() => _bench.TestRestoreAsync(backup, target: target))).Error);
        Assert.Equal(["other"], Directory.GetFileSystemEntries(target).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_proven_copy_in_a_named_directory_is_all_that_is_in_it()
    {
        var proven = await _bench.TestRestoreAsync(await MakeAsync(), target: _bench["kept"]);
        Assert.Contains("no known secret pattern in 3 files", proven.Proof!.Findings);
        Assert.Equal(["tmp"], Directory.GetFileSystemEntries(_bench["kept"]).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_restored_copy_is_proven()
    {
        var proven = await _bench.TestRestoreAsync(await MakeAsync());
        Assert.Equal((ProofDepth.Restored, 3), (proven.Proof!.Depth, proven.Proof.FilesChecked));
        Assert.Contains("no known secret pattern in 3 files", proven.Proof.Findings);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_bench.Scratch));
    }

    [Fact]
    public async Task A_socket_which_no_restore_makes_is_not_missed_in_a_copy()
    {
        _bench.Write("a.conf", "a");
        using var agent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        agent.Bind(new UnixDomainSocketEndPoint(Path.Combine(_bench.Source, "agent.sock")));
        var backup = await _bench.BackupAsync();

        var proven = await _bench.TestRestoreAsync(backup);
        Assert.Equal((ProofDepth.Restored, 1), (proven.Proof!.Depth, proven.Proof.FilesChecked));
        Assert.Contains(proven.Proof.Findings, finding => finding.StartsWith("sockets are not restored: ", StringComparison.Ordinal));

        agent.Close();
        File.Delete(Path.Combine(_bench.Source, "agent.sock"));
        Assert.Equal(["nothing would change"], (await _bench.RestoreAsync(backup, dryRun: true)).Restore!.Notes);
    }

    [Fact]
    public async Task A_configured_path_that_is_missing_makes_the_backup_incomplete()
    {
        await using var bench = new ConfigBench(("Config:Paths:1", "/nowhere/at/all"));
        bench.Write("a.conf", "a");
        var backup = await bench.BackupAsync();
        Assert.Equal((Outcome.Incomplete, 1), (backup.Outcome, backup.MissingCount));
        Assert.Contains("/nowhere", backup.Missing.Single().Path, StringComparison.Ordinal);
    }

    private Task<TaskResult> MakeAsync()
    {
        _bench.Write("api/appsettings.json", "{}");
        _bench.Write("lost.conf", "lost");
        _bench.Write("mode.conf", "mode");
        File.SetUnixFileMode(Path.Combine(_bench.Source, "mode.conf"), UnixFileMode.UserRead);
        return _bench.BackupAsync();
    }
}
