using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Workers.Failures;

namespace StellaOps.Backup.Workers.Tests.Repositories;

public sealed class VerificationTests : IAsyncDisposable
{
    private readonly WorkerBench _bench = new();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task A_sound_snapshot_is_proven_to_the_last_byte()
    {
        _bench.Write("a", "a");
        var verified = await _bench.VerifyAsync(await _bench.BackupAsync());
        Assert.Equal((Outcome.Complete, ProofDepth.Verified, 1), (verified.Outcome, verified.Proof!.Depth, verified.Proof.FilesChecked));
        Assert.Equal(_bench.Packs().Sum(pack => new FileInfo(pack).Length), verified.Proof.BytesChecked);
    }

    [Fact]
    public async Task One_flipped_bit_is_found_and_names_the_snapshots_that_need_it()
    {
        _bench.Write("a", "a");
        var first = await _bench.BackupAsync();
        var second = await _bench.BackupAsync();
        Flip(_bench.Packs()[0]);

        var damaged = await Assert.ThrowsAsync<DamagedException>(() => _bench.VerifyAsync(first));
        Assert.Contains(damaged.Damages, damage => damage.Kind == "pack");
        Assert.All(damaged.Damages, damage => Assert.Equal(new[] { first, second }.Order(), damage.Snapshots.Order()));
    }

    [Theory]
    [InlineData("data")]
    [InlineData("index")]
    [InlineData("snapshots")]
    public async Task A_lost_file_is_found(string folder)
    {
        _bench.Write("a", "a");
        var snapshot = await _bench.BackupAsync();
        File.Delete(Directory.GetFiles(Path.Combine(_bench.Location, "evidence", folder), "*", SearchOption.AllDirectories)[0]);
        var damaged = await Assert.ThrowsAsync<DamagedException>(() => _bench.VerifyAsync(snapshot));
        Assert.All(damaged.Damages, damage => Assert.Contains(snapshot, damage.Snapshots));
    }

    [Fact]
    public async Task Damage_elsewhere_does_not_fail_the_proof()
    {
        _bench.Write("a", new string('a', 1000));
        var sound = await _bench.BackupAsync();
        var packs = _bench.Packs();
        _bench.Write("b", "b");
        var hurt = await _bench.BackupAsync();
        foreach (var pack in _bench.Packs().Except(packs))
        {
            Flip(pack);
        }

        Assert.Equal(Outcome.Complete, (await _bench.VerifyAsync(sound)).Outcome);
        await Assert.ThrowsAsync<DamagedException>(() => _bench.VerifyAsync(hurt));
    }

    [Fact]
    public async Task Another_password_is_refused()
    {
        _bench.Write("a", "a");
        var snapshot = await _bench.BackupAsync();
        await File.WriteAllTextAsync(_bench["password"], "wrong", TestContext.Current.CancellationToken);
        var refused = await Assert.ThrowsAsync<RepositoryException>(() => _bench.VerifyAsync(snapshot));
        Assert.Equal(RepositoryFailure.WrongPassword, refused.Failure);
    }

    private static void Flip(string file)
    {
        var bytes = File.ReadAllBytes(file);
        bytes[20] ^= 1;
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllBytes(file, bytes);
    }
}
