using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Workers.Failures;

namespace StellaOps.Backup.Workers.Tests.Repositories;

public sealed class ForgettingTests : IAsyncDisposable
{
    private readonly WorkerBench _bench = new();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task A_dropped_snapshot_takes_only_what_no_other_needs_and_dropping_it_again_changes_nothing()
    {
        _bench.Write("kept", "kept");
        _bench.Write("dropped", Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(100_000)));
        var dropped = await _bench.BackupAsync();
        File.Delete(Path.Combine(_bench.Source, "dropped"));
        var kept = await _bench.BackupAsync();
        var before = _bench.Packs().Sum(pack => new FileInfo(pack).Length);

        Assert.Equal(Outcome.Complete, (await _bench.ForgetAsync(dropped, TimeSpan.Zero)).Outcome);
        Assert.Equal(Outcome.Complete, (await _bench.ForgetAsync(dropped, TimeSpan.Zero)).Outcome);

        Assert.True(before - _bench.Packs().Sum(pack => new FileInfo(pack).Length) > 50_000);
        Assert.Equal(Outcome.Complete, (await _bench.VerifyAsync(kept)).Outcome);
        await Assert.ThrowsAsync<DamagedException>(() => _bench.VerifyAsync(dropped));
    }

    [Fact]
    public async Task A_dropped_snapshot_keeps_its_data_for_its_grace_and_can_be_brought_back()
    {
        _bench.Write("file", "content");
        var dropped = await _bench.BackupAsync();
        var before = _bench.Packs();
        Assert.Equal(Outcome.Complete, (await _bench.ForgetAsync(dropped)).Outcome);
        Assert.Equal(before.Order(), _bench.Packs().Order());

        Assert.Equal(Outcome.Complete, (await _bench.UndeleteAsync(dropped)).Outcome);
        Assert.Equal(Outcome.Complete, (await _bench.UndeleteAsync(dropped)).Outcome);

        Assert.Equal(Outcome.Complete, (await _bench.VerifyAsync(dropped)).Outcome);
    }

    [Fact]
    public async Task Dropping_a_snapshot_again_promises_no_more_than_what_is_left_of_its_grace()
    {
        _bench.Write("file", "content");
        var dropped = await _bench.BackupAsync();
        var until = (await _bench.ForgetAsync(dropped)).Forget!.UndeletableUntil;
        Assert.NotNull(until);
        Assert.Equal(until, (await _bench.ForgetAsync(dropped)).Forget!.UndeletableUntil);

        _bench.Write("file", "other content");
        var outdated = await _bench.BackupAsync();
        await using (var opened = await _bench.Repositories.OpenAsync(Component.Evidence, TestContext.Current.CancellationToken))
        {
            // Its grace is over when it is dropped again.
            Assert.True(BlobId.TryParse(outdated.AsSpan(), out var id));
            await opened.Repository.Forgotten.ForgetAsync([id], TimeSpan.FromMilliseconds(1), TestContext.Current.CancellationToken);
        }

        Assert.Null((await _bench.ForgetAsync(outdated)).Forget!.UndeletableUntil);
    }

    [Fact]
    public async Task A_location_that_has_no_room_for_packs_to_be_written_anew_ends_no_grace()
    {
        await using var disk = await SmallDisk.MountAsync(_bench.Location, "24m", TestContext.Current.CancellationToken);
        _bench.Write("kept", Noise(3));
        _bench.Write("outdated", Noise(3));
        var outdated = await _bench.BackupAsync();
        File.Delete(Path.Combine(_bench.Source, "outdated"));
        _bench.Write("dropped", "content");
        var dropped = await _bench.BackupAsync();
        File.Delete(Path.Combine(_bench.Source, "dropped"));
        var kept = await _bench.BackupAsync();
        await using (var opened = await _bench.Repositories.OpenAsync(Component.Evidence, TestContext.Current.CancellationToken))
        {
            // Its grace is over, and half of a pack is not needed any more.
            Assert.True(BlobId.TryParse(outdated.AsSpan(), out var id));
            await opened.Repository.Forgotten.ForgetAsync([id], TimeSpan.FromMilliseconds(1), TestContext.Current.CancellationToken);
        }

        var left = new DriveInfo(_bench.Location).AvailableFreeSpace;
        await File.WriteAllBytesAsync(Path.Combine(_bench.Location, "ballast"), new byte[left - (1 << 20)], TestContext.Current.CancellationToken);
        var packs = _bench.Packs();
        var forget = (await _bench.ForgetAsync(dropped)).Forget!;

        Assert.False(forget.GraceEnded);
        Assert.NotNull(forget.UndeletableUntil);
        Assert.Equal(packs.Order(), _bench.Packs().Order());
        Assert.Equal(Outcome.Complete, (await _bench.UndeleteAsync(dropped)).Outcome);
        Assert.Equal(Outcome.Complete, (await _bench.VerifyAsync(dropped)).Outcome);
        Assert.Equal(Outcome.Complete, (await _bench.VerifyAsync(kept)).Outcome);

        static string Noise(int megabytes) => Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(megabytes << 20));
    }

    [Fact]
    public async Task A_snapshot_that_is_gone_for_good_is_not_brought_back()
    {
        _bench.Write("file", "content");
        var dropped = await _bench.BackupAsync();
        await _bench.ForgetAsync(dropped, TimeSpan.Zero);

        var gone = await Assert.ThrowsAsync<BackupException>(() => _bench.UndeleteAsync(dropped));

        Assert.Equal(ErrorCodes.SnapshotNotFound, gone.Error);
    }
}
