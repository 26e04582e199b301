using System.Text.Json;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Locks;

/// <summary>What a put of a dead process leaves, and who looks for it.</summary>
public sealed class LeftoverTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_shared_lock_looks_for_leftovers_only_after_a_dead_holder_and_an_exclusive_one_always()
    {
        await using var store = new FaultyStore(new MemoryStore());
        await using var repository = await TestRepositories.InitAsync(store);
        await LockAsync(repository, LockKind.Shared);
        Assert.Equal(0, store.CallsOf(StoreCallKind.Sweep));

        var dead = JsonSerializer.SerializeToUtf8Bytes(new { time = DateTimeOffset.UtcNow.AddMinutes(-31), exclusive = false, hostname = "elsewhere", pid = 1 });
        await repository.Parts.Files.SaveAsync(FileKind.Lock, dead, Cancellation);
        await LockAsync(repository, LockKind.Shared);
        Assert.Equal(1, store.CallsOf(StoreCallKind.Sweep));
        await LockAsync(repository, LockKind.Shared);
        Assert.Equal(1, store.CallsOf(StoreCallKind.Sweep));

        await LockAsync(repository, LockKind.Exclusive);
        Assert.Equal(2, store.CallsOf(StoreCallKind.Sweep));
    }

    [Fact]
    public async Task What_a_killed_put_left_disturbs_nothing_and_the_next_prune_removes_it()
    {
        using var directory = new TemporaryDirectory();
        await using var store = new LocalObjectStore(directory["repository"]);
        await using var repository = await TestRepositories.InitAsync(store);
        var snapshot = await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(1, 1000)]);
        var leftover = Directory.GetFiles(directory["repository/data"], "*", SearchOption.AllDirectories)[0] + "-tmp-s0123456789abcdef";
        await File.WriteAllBytesAsync(leftover, [1, 2, 3], Cancellation);
        File.SetLastWriteTimeUtc(leftover, DateTime.UtcNow.AddMinutes(-1));

        await LockAsync(repository, LockKind.Shared);
        await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(2, 1000)]);
        Assert.Empty((await repository.CheckAsync(Cancellation)).Damages);
        Assert.True(File.Exists(leftover));

        await repository.PruneAsync(cancellationToken: Cancellation);
        Assert.False(File.Exists(leftover));
        Assert.Equal(snapshot.Tree, (await repository.LoadSnapshotAsync(snapshot.Id, Cancellation)).Tree);
        Assert.Empty((await repository.CheckAsync(Cancellation)).Damages);
    }

    private static async Task LockAsync(ResticRepository repository, LockKind kind)
    {
        await using var held = await repository.LockAsync(kind, Cancellation);
    }
}
