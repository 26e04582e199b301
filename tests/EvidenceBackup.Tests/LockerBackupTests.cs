using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.EvidenceBackup.Tests;

public sealed class LockerBackupTests : IAsyncDisposable
{
    private readonly EvidenceBench _bench = new();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task The_cut_names_every_file_and_equal_lockers_have_equal_roots()
    {
        _bench.Write("2026/01/a.json", "{}");
        _bench.Write("2026/02/b.json", "[1]");
        var first = await _bench.BackupAsync();
        var second = await _bench.BackupAsync();

        Assert.Equal(Outcome.Complete, first.Outcome);
        Assert.Equal((2, 5), (first.Snapshot!.Evidence!.Files, first.Snapshot.Evidence.Bytes));
        Assert.Equal(64, first.Snapshot.Evidence.RootTree.Length);
        Assert.Equal(first.Snapshot.Evidence.RootTree, second.Snapshot!.Evidence!.RootTree);
        Assert.NotEqual(first.Snapshot.SnapshotId, second.Snapshot.SnapshotId);
        Assert.Contains(_bench.Log.Lines, line => line.Contains($"unchanged since {first.Snapshot.SnapshotId}", StringComparison.Ordinal));

        _bench.Write("2026/02/c.json", "[2]");
        var third = await _bench.BackupAsync();
        Assert.NotEqual(second.Snapshot.Evidence.RootTree, third.Snapshot!.Evidence!.RootTree);
    }

    /// <summary>A container has another host name after each upgrade, and a replica always; both see the same locker.</summary>
    [Fact]
    public async Task What_a_worker_on_another_host_has_saved_is_not_read_again()
    {
        _bench.Write("a", "1");
        await _bench.BackupAsync();
        var repositories = _bench.Services.GetRequiredService<ComponentRepositories>();
        await using var opened = await repositories.OpenAsync(Component.Evidence, TestContext.Current.CancellationToken);
        var elsewhere = await new Archiver(opened.Repository, TimeProvider.System).RunAsync(
            new LocalFileSource([_bench.Source]),
            new ArchiveRequest { Paths = [_bench.Source], Hostname = "elsewhere", Tags = ["stella.component=evidence"] },
            TestContext.Current.CancellationToken);

        await _bench.BackupAsync();
        Assert.Contains(_bench.Log.Lines, line => line.Contains($"unchanged since {elsewhere.Snapshot.Id}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_second_attempt_drops_what_the_first_one_saved_and_could_not_report()
    {
        _bench.Write("a", "1");
        var task = Guid.NewGuid();
        var first = await _bench.BackupAsync(task);
        var second = await _bench.BackupAsync(task, attempt: 2);

        var repositories = _bench.Services.GetRequiredService<ComponentRepositories>();
        await using var opened = await repositories.OpenAsync(Component.Evidence, TestContext.Current.CancellationToken);
        var ids = await opened.Repository.ListSnapshotsAsync(TestContext.Current.CancellationToken)
            .Select(snapshot => snapshot.Id.ToString()).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal([second.Snapshot!.SnapshotId], ids);
        Assert.NotEqual(first.Snapshot!.SnapshotId, second.Snapshot.SnapshotId);
    }

    [Fact]
    public async Task A_damaged_snapshot_ends_no_later_backup_and_is_named()
    {
        _bench.Write("a", "1");
        var first = await _bench.BackupAsync();
        var second = await _bench.BackupAsync();
        await using var location = _bench.OpenLocation();
        var damaged = $"snapshots/{first.Snapshot!.SnapshotId}";
        var content = await location.ReadAllAsync($"evidence/{damaged}", 1 << 20, TestContext.Current.CancellationToken);
        content[^1] ^= 1;
        await location.PutAsync($"evidence/{damaged}", content, PutMode.Replace, TestContext.Current.CancellationToken);

        // A second attempt looks for what the first one saved, too.
        var third = await _bench.BackupAsync(Guid.NewGuid(), attempt: 2);

        Assert.Equal(Outcome.Complete, third.Outcome);
        Assert.Contains(_bench.Log.Lines, line => line.Contains($"unchanged since {second.Snapshot!.SnapshotId}", StringComparison.Ordinal));
        Assert.Contains(_bench.Log.Lines, line => line.StartsWith($"warning: {damaged} is damaged", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_locker_that_is_not_there_is_no_empty_backup()
    {
        Directory.Delete(_bench.Source);
        var refused = await Assert.ThrowsAsync<BackupException>(() => _bench.BackupAsync());
        Assert.Equal(ErrorCodes.SourceUnreachable, refused.Error);
        Assert.False(Directory.Exists(_bench.Location));
    }

    [Fact]
    public async Task A_location_inside_the_locker_is_refused()
    {
        await using var nested = new EvidenceBench(("Evidence:Directory", Path.GetDirectoryName(_bench.Location)!), ("Location:Url", _bench.Location));
        var refused = await Assert.ThrowsAsync<BackupException>(() => nested.BackupAsync());
        Assert.Equal(ErrorCodes.NotConfigured, refused.Error);
        Assert.False(Directory.Exists(_bench.Location));
    }

    [Fact]
    public async Task An_empty_password_file_creates_no_repository()
    {
        _bench.Write("a", "1");
        await File.WriteAllTextAsync(_bench["password"], "", TestContext.Current.CancellationToken);
        var refused = await Assert.ThrowsAsync<BackupException>(() => _bench.BackupAsync());
        Assert.Equal(ErrorCodes.NotConfigured, refused.Error);
        Assert.Contains("Evidence:RepositoryPasswordFile", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_bench.Location));
    }
}
