using StellaOps.Backup.Contracts;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Rotation;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Workers.Failures;
using StellaOps.Backup.Workers.Repositories;

namespace StellaOps.Backup.Workers.Tests.Repositories;

/// <summary>Workers beside a rotation to a new master key.</summary>
public sealed class EpochTests : IAsyncDisposable
{
    private readonly WorkerBench _bench = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task A_point_of_the_old_epoch_is_verified_restored_and_forgotten_in_the_new_one()
    {
        _bench.Write("a", new string('a', 100_000));
        var first = await _bench.BackupAsync();
        _bench.Write("b", "b");
        await RotateAsync();

        // The new password is a second line until all workers have it.
        await File.WriteAllTextAsync(_bench["password"], "correct horse\nbattery staple\n", Cancellation);
        Assert.Equal(Outcome.Complete, (await _bench.VerifyAsync(first)).Outcome);
        var second = await _bench.BackupAsync();
        await File.WriteAllTextAsync(_bench["password"], "battery staple\n", Cancellation);
        await RemoveOldAsync();
        Assert.Empty(Directory.GetFiles(Path.Combine(_bench.Location, "evidence"), "*", SearchOption.AllDirectories));

        File.Delete(Path.Combine(_bench.Source, "b"));
        await RestoreAsync(first);
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(_bench.Source, "a"), Cancellation), await File.ReadAllTextAsync(_bench["restored"] + _bench.Source + "/a", Cancellation));
        Assert.False(File.Exists(_bench["restored"] + _bench.Source + "/b"));

        Assert.Equal(Outcome.Complete, (await _bench.ForgetAsync(first)).Outcome);
        Assert.Equal(Outcome.Complete, (await _bench.VerifyAsync(second)).Outcome);
        await Assert.ThrowsAsync<DamagedException>(() => _bench.VerifyAsync(first));
    }

    [Fact]
    public async Task The_first_backup_of_the_new_epoch_has_its_parent_there_and_stores_only_what_is_new()
    {
        _bench.Write("a", Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(200_000)));
        var before = await _bench.BackupAsync();
        await RotateAsync();
        await File.WriteAllTextAsync(_bench["password"], "battery staple", Cancellation);
        _bench.Write("b", "b");
        var snapshot = await _bench.BackupAsync();
        await using var opened = await _bench.Repositories.OpenAsync(Component.Evidence, Cancellation);
        var saved = await opened.LoadSnapshotAsync(snapshot, Cancellation);
        Assert.Equal((await opened.LoadSnapshotAsync(before, Cancellation)).Id, saved.Parent);
        Assert.InRange(saved.Summary!.DataAddedPacked, 1, 5_000);
    }

    [Fact]
    public async Task A_writer_that_opened_the_old_epoch_cannot_save_into_it_after_the_switch()
    {
        _bench.Write("a", "a");
        await _bench.BackupAsync();
        await using var opened = await _bench.Repositories.OpenOrCreateAsync(Component.Evidence, expected: true, Cancellation);
        await RotateAsync();
        var before = Directory.GetFiles(Path.Combine(_bench.Location, "evidence"), "*", SearchOption.AllDirectories).Order().ToList();

        var refused = await Assert.ThrowsAsync<RepositoryException>(() => new Archiver(opened.Repository, TimeProvider.System).RunAsync(
            new LocalFileSource([_bench.Source]), new ArchiveRequest { Paths = [_bench.Source], Hostname = "tests" }, Cancellation));
        Assert.Equal(RepositoryFailure.Superseded, refused.Failure);
        Assert.Equal(before, Directory.GetFiles(Path.Combine(_bench.Location, "evidence"), "*", SearchOption.AllDirectories).Order());
    }

    [Fact]
    public async Task Backups_go_on_while_the_rotation_does_and_none_is_lost()
    {
        _bench.Write("0", "0");
        var taken = new List<string> { await _bench.BackupAsync() };
        await File.WriteAllTextAsync(_bench["password"], "correct horse\nbattery staple\n", Cancellation);
        var rotation = RotateAsync();
        for (var i = 1; i < 5; i++)
        {
            _bench.Write($"{i}", $"{i}");
            try
            {
                taken.Add(await _bench.BackupAsync());
            }
            catch (RepositoryException exception) when (exception.Failure is RepositoryFailure.Superseded or RepositoryFailure.Locked)
            {
                // As the coordinator would: it is retryable.
            }
        }

        await rotation;
        foreach (var snapshot in taken)
        {
            Assert.Equal(Outcome.Complete, (await _bench.VerifyAsync(snapshot)).Outcome);
        }
    }

    private async Task RestoreAsync(string snapshot)
    {
        await using var opened = await _bench.Repositories.OpenAsync(Component.Evidence, Cancellation);
        await TaskRestore.RunAsync(
            opened, new RestoreRequest { Snapshot = await opened.LoadSnapshotAsync(snapshot, Cancellation), TargetDirectory = _bench["restored"] }, WorkerBench.Context(), Cancellation);
    }

    private async Task RotateAsync()
    {
        await using var location = new LocalObjectStore(_bench.Location);
        await new KeyRotation(location, "evidence", Options).RunAsync(new RotationRequest { Password = "correct horse", NewPassword = "battery staple" }, Cancellation);
    }

    private async Task RemoveOldAsync()
    {
        await using var location = new LocalObjectStore(_bench.Location);
        Assert.Equal("evidence", await new OldEpochs(location, "evidence", Options).RemoveAsync("battery staple", "correct horse", TimeSpan.Zero, Cancellation));
    }

    private static RepositoryOptions Options => new() { Kdf = new KdfParameters(16, 8, 1), LockWait = TimeSpan.FromMinutes(2) };
}
