using StellaOps.Backup.Contracts;
using StellaOps.Backup.Testing.Files;

namespace StellaOps.Backup.EvidenceBackup.Tests;

public sealed class LockerRestoreTests : IAsyncDisposable
{
    private readonly EvidenceBench _bench = new();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task What_is_missing_comes_back_and_what_was_added_since_stays()
    {
        _bench.Write("2026/a.json", "a");
        _bench.Write("2026/b.json", "b");
        var backup = await _bench.BackupAsync();
        File.Delete(Path.Combine(_bench.Source, "2026/a.json"));
        _bench.Write("2026/new.json", "new");
        var restored = await _bench.RestoreAsync(backup);

        Assert.Equal(Outcome.Complete, restored.Outcome);
        Assert.Equal((1, 1), (restored.Restore!.FilesWritten, restored.Restore.FilesUnchanged));
        Assert.Equal("a", await File.ReadAllTextAsync(Path.Combine(_bench.Source, "2026/a.json"), TestContext.Current.CancellationToken));
        Assert.Equal("new", await File.ReadAllTextAsync(Path.Combine(_bench.Source, "2026/new.json"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_differs_is_reported_and_never_touched()
    {
        _bench.Write("a", "evidence");
        _bench.Write("b", "evidence");
        var backup = await _bench.BackupAsync();
        _bench.Write("a", "tampered");
        var planned = await _bench.RestoreAsync(backup, dryRun: true);
        var restored = await _bench.RestoreAsync(backup);

        foreach (var result in new[] { planned, restored })
        {
            Assert.Equal(Outcome.Incomplete, result.Outcome);
            Assert.Equal((1, "a"), (result.MissingCount, result.Missing.Single().Path));
            Assert.NotEmpty(result.Missing.Single().Reason);
            Assert.Equal(1, result.Restore!.FilesUnchanged);
        }

        Assert.Equal("tampered", await File.ReadAllTextAsync(Path.Combine(_bench.Source, "a"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_lost_locker_is_created_anew_and_a_dry_run_creates_nothing()
    {
        _bench.Write("2026/01/a.json", "a");
        _bench.Write("index", "b");
        File.SetUnixFileMode(Path.Combine(_bench.Source, "index"), UnixFileMode.UserRead);
        var backup = await _bench.BackupAsync();
        var copy = await _bench.CopySourceAsync();
        Directory.Delete(_bench.Source, recursive: true);

        var planned = await _bench.RestoreAsync(backup, dryRun: true);
        Assert.Equal((2, 2), (planned.Restore!.FilesWritten, planned.Restore.BytesWritten));
        Assert.False(Directory.Exists(_bench.Source));

        await _bench.RestoreAsync(backup);
        Assert.Empty(await TreeComparer.DifferencesAsync(copy, _bench.Source, cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Another_directory_gets_the_lockers_content()
    {
        _bench.Write("2026/a.json", "a");
        var backup = await _bench.BackupAsync();
        var restored = await _bench.RestoreAsync(backup, target: _bench["elsewhere"]);
        Assert.Equal(_bench["elsewhere"], restored.Restore!.TargetDirectory);
        Assert.Empty(await TreeComparer.DifferencesAsync(_bench.Source, _bench["elsewhere"], cancellationToken: TestContext.Current.CancellationToken));
    }
}
