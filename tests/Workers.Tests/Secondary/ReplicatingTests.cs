using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Rotation;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Files;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Tests.Coordination;

namespace StellaOps.Backup.Workers.Tests.Secondary;

/// <summary>What a worker copies to the secondary location, and drops there.</summary>
public sealed class ReplicatingTests : IAsyncDisposable
{
    private readonly WorkerBench _bench = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task With_the_first_location_gone_the_secondary_one_restores_every_byte()
    {
        _bench.Write("a/b", Random(300_000));
        _bench.Write("c", "c");
        var first = await _bench.BackupAsync();
        _bench.Write("d", Random(5_000));
        var second = await _bench.BackupAsync();

        var copied = await _bench.ReplicateAsync(first);
        Assert.Equal([first], copied.Present);
        var more = await _bench.ReplicateAsync(first, second);
        Assert.Equal([first, second], more.Present);
        Assert.InRange(more.BytesCopied, 1, 20_000);
        Assert.Equal(0, (await _bench.ReplicateAsync(first, second)).BytesCopied);
        Directory.Delete(_bench.Location, recursive: true);

        await using var there = await OpenThereAsync("evidence", "correct horse");
        Assert.Empty((await there.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
        await RestoreAsync(there, second);
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(_bench.Source, "d"), Cancellation), await File.ReadAllBytesAsync(_bench["restored"] + _bench.Source + "/d", Cancellation));
        Assert.Empty(await TreeComparer.DifferencesAsync(_bench.Source, _bench["restored"] + _bench.Source, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task A_snapshot_that_was_dropped_meanwhile_is_passed_over_and_what_is_dropped_there_frees_its_bytes()
    {
        _bench.Write("kept", "kept");
        _bench.Write("dropped", Random(100_000));
        var dropped = await _bench.BackupAsync();
        File.Delete(Path.Combine(_bench.Source, "dropped"));
        var kept = await _bench.BackupAsync();
        await _bench.ReplicateAsync(dropped, kept);
        await _bench.ForgetAsync(dropped, TimeSpan.Zero);
        Assert.Equal([kept], (await _bench.ReplicateAsync(dropped, kept)).Present);

        Assert.Equal(1, (await _bench.DropReplicasAsync(dropped)).Dropped);
        Assert.Equal(1, (await _bench.DropReplicasAsync(dropped)).Dropped);

        await using var there = await OpenThereAsync("evidence", "correct horse");
        Assert.Equal([kept], await there.ListSnapshotsAsync(Cancellation).Select(snapshot => snapshot.Id.ToString()).ToListAsync(Cancellation));
        Assert.Empty((await there.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
    }

    [Fact]
    public async Task A_new_master_key_comes_into_charge_there_with_all_that_points_name()
    {
        _bench.Write("a", Random(20_000));
        var first = await _bench.BackupAsync();
        _bench.Write("b", "b");
        var second = await _bench.BackupAsync();
        await _bench.ReplicateAsync(first, second);
        await using (var location = new LocalObjectStore(_bench.Location))
        {
            await new KeyRotation(location, "evidence", new RepositoryOptions { Kdf = new KdfParameters(16, 8, 1) })
                .RunAsync(new RotationRequest { Password = "correct horse", NewPassword = "battery staple" }, Cancellation);
        }

        await File.WriteAllTextAsync(_bench["password"], "battery staple", Cancellation);
        var third = await _bench.BackupAsync();
        await using var there = new LocalObjectStore(_bench.Secondary);
        Assert.Equal(1, await LocationEpochs.FindAsync(there, "evidence", Cancellation));

        Assert.Equal([third], (await _bench.ReplicateAsync(third)).Present);

        Assert.Equal(2, await LocationEpochs.FindAsync(there, "evidence", Cancellation));
        await using var repository = await OpenThereAsync("evidence.2", "battery staple");
        foreach (var id in (string[])[first, second, third])
        {
            await repository.ResolveSnapshotAsync(ComponentRepository.ParseId(id), Cancellation);
        }

        Assert.Empty((await repository.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
    }

    [Fact]
    public async Task Another_place_than_the_one_that_the_coordinator_means_stays_as_it_is()
    {
        _bench.Write("a", "a");
        var snapshot = await _bench.BackupAsync();
        Directory.CreateDirectory(_bench.Secondary);
        var unmounted = await Assert.ThrowsAsync<BackupException>(() => _bench.ReplicateToAsync("meant", snapshot));
        Assert.Equal(ErrorCodes.StorageUnavailable, unmounted.Error);
        Assert.Contains(Environment.MachineName, unmounted.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_bench.Secondary));

        await using var store = new LocalObjectStore(_bench.Secondary);
        var location = await LocationFile.EnsureAsync(store, Cancellation);
        await Assert.ThrowsAsync<BackupException>(() => _bench.ReplicateToAsync("meant", snapshot));
        Assert.Single(Directory.EnumerateFileSystemEntries(_bench.Secondary));
        Assert.Equal([snapshot], (await _bench.ReplicateToAsync(location.Id, snapshot)).Replicate!.Present);
    }

    [Fact]
    public async Task Nothing_is_read_while_another_task_of_the_worker_runs()
    {
        _bench.Write("a", Random(50_000));
        var snapshot = await _bench.BackupAsync();
        _bench.Slots.Take();
        var replicating = _bench.ReplicateAsync(snapshot);
        await Eventually.HoldsAsync(() => File.Exists(Path.Combine(_bench.Secondary, "evidence", "config")), "the repository is made there");
        await Task.WhenAny(replicating, Task.Delay(500, Cancellation));
        Assert.DoesNotContain(Directory.GetFiles(_bench.Secondary, "*", SearchOption.AllDirectories), file => file.Contains("/data/", StringComparison.Ordinal));

        _bench.Slots.Release();

        Assert.Equal([snapshot], (await replicating).Present);
    }

    [Fact]
    public async Task What_is_damaged_here_does_not_get_there()
    {
        _bench.Write("sound", "sound");
        var sound = await _bench.BackupAsync();
        _bench.Write("hurt", Random(60_000));
        var hurt = await _bench.BackupAsync();
        var pack = _bench.Packs()[0];
        File.SetUnixFileMode(pack, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await using (var file = File.OpenWrite(pack))
        {
            file.Position = 1000;
            file.Write(new byte[100]);
        }

        var failed = await Assert.ThrowsAsync<RepositoryException>(() => _bench.ReplicateAsync(sound, hurt));

        Assert.Equal(RepositoryFailure.Damaged, failed.Failure);
        Assert.Contains(hurt, failed.Message, StringComparison.Ordinal);
        await using var there = await OpenThereAsync("evidence", "correct horse");
        Assert.Equal([sound], await there.ListSnapshotsAsync(Cancellation).Select(snapshot => snapshot.Id.ToString()).ToListAsync(Cancellation));
        Assert.Empty((await there.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);
    }

    private async Task<ResticRepository> OpenThereAsync(string folder, string password)
    {
        var repository = await ResticRepository.OpenAsync(new LocalObjectStore(Path.Combine(_bench.Secondary, folder)), password, cancellationToken: Cancellation);
        await repository.LoadIndexAsync(Cancellation);
        return repository;
    }

    private async Task RestoreAsync(ResticRepository repository, string snapshot) => await new Restorer(repository).RunAsync(
        new RestoreRequest { Snapshot = await repository.ResolveSnapshotAsync(ComponentRepository.ParseId(snapshot), Cancellation), TargetDirectory = _bench["restored"] }, Cancellation);

    private static string Random(int bytes) => Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(bytes / 2));
}
