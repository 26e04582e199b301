using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Local;

namespace StellaOps.Backup.Workers.Tests.Repositories;

/// <summary>The disk of the backups was not mounted when the machine started: what is under it is no place for them.</summary>
public sealed class MissingLocationTests : IAsyncDisposable
{
    private readonly WorkerBench _bench = new();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task An_empty_place_where_a_location_was_gets_no_backup_and_no_repository()
    {
        _bench.Write("file", "content");
        await _bench.BackupAsync();
        Directory.Move(_bench.Location, _bench["unmounted"]);
        Directory.CreateDirectory(_bench.Location);

        var refused = await Assert.ThrowsAsync<BackupException>(() => _bench.BackupAsync(expectsLocation: true));
        Assert.Equal(ErrorCodes.StorageUnavailable, refused.Error);
        Assert.Contains("stella repo init", refused.Hint, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_bench.Location));

        Directory.Delete(_bench.Location);
        Directory.Move(_bench["unmounted"], _bench.Location);
        await _bench.BackupAsync(expectsLocation: true);
        Assert.Equal(2, Directory.GetFiles(Path.Combine(_bench.Location, "evidence", "snapshots")).Length);
    }

    [Fact]
    public async Task Who_makes_it_a_location_begins_anew()
    {
        await using (var store = new LocalObjectStore(_bench.Location))
        {
            await LocationFile.EnsureAsync(store, TestContext.Current.CancellationToken);
        }

        await _bench.BackupAsync(expectsLocation: true);
        Assert.Single(Directory.GetFiles(Path.Combine(_bench.Location, "evidence", "snapshots")));
    }
}
