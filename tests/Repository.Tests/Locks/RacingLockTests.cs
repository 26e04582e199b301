using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Locks;

/// <summary>Two locks that are taken at the same moment: between the first look and the writing of one of them the other is written.</summary>
public sealed class RacingLockTests : IAsyncDisposable
{
    private readonly MemoryStore _store = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Theory]
    [InlineData(LockKind.Shared)]
    [InlineData(LockKind.Exclusive)]
    public async Task Whoever_sees_an_exclusive_lock_at_the_second_look_gives_way_and_leaves_no_lock(LockKind kind)
    {
        string? conflict = null;
        await using var other = await TestRepositories.InitAsync(_store);
        await using var racing = WhenLockIsPut(async _ => conflict = await PutLockAsync(other, exclusive: true));
        await using var repository = await TestRepositories.OpenAsync(racing);
        Assert.Equal(RepositoryFailure.Locked, (await Assert.ThrowsAsync<RepositoryException>(() => repository.LockAsync(kind, Cancellation))).Failure);
        Assert.Equal([conflict!], _store.Under("locks/"));
    }

    [Fact]
    public async Task Shared_locks_that_are_taken_at_the_same_moment_are_both_held()
    {
        await using var other = await TestRepositories.InitAsync(_store);
        await using var racing = WhenLockIsPut(_ => PutLockAsync(other, exclusive: false));
        await using var repository = await TestRepositories.OpenAsync(racing);
        await using var held = await repository.LockAsync(LockKind.Shared, Cancellation);
        Assert.Equal(2, _store.Under("locks/").Count);
    }

    [Fact]
    public async Task Who_takes_an_exclusive_lock_gives_way_to_a_shared_one_that_is_written_while_he_waits()
    {
        await using var other = await TestRepositories.InitAsync(_store);
        await using var repository = await TestRepositories.OpenAsync(_store, TestRepositories.Cheap with { LockSettle = TimeSpan.FromSeconds(1) });
        var exclusive = repository.LockAsync(LockKind.Exclusive, Cancellation);
        while (_store.Under("locks/").Count == 0)
        {
            await Task.Delay(1, Cancellation);
        }

        var shared = await PutLockAsync(other, exclusive: false);
        Assert.Equal(RepositoryFailure.Locked, (await Assert.ThrowsAsync<RepositoryException>(() => exclusive)).Failure);
        Assert.Equal([shared], _store.Under("locks/"));
    }

    [Fact]
    public async Task A_store_that_fails_at_the_second_look_gets_its_lock_removed()
    {
        await using (await TestRepositories.InitAsync(_store))
        {
        }

        var rule = new FaultRule(Fault.Fail) { Matches = call => call is { Kind: StoreCallKind.List, Key: "locks/" }, At = 2 };
        await using var failing = new FaultyStore(_store, rule);
        await using var repository = await TestRepositories.OpenAsync(failing);
        await Assert.ThrowsAsync<Backup.Storage.StorageException>(() => repository.LockAsync(LockKind.Shared, Cancellation));
        Assert.Empty(_store.Under("locks/"));
    }

    /// <summary>The store, on which something else happens right before the first lock is put.</summary>
    private FaultyStore WhenLockIsPut(Func<CancellationToken, Task> happens) => new(
        _store,
        new FaultRule(Fault.Delay) { Matches = call => call.Kind == StoreCallKind.Put && call.Key.StartsWith("locks/", StringComparison.Ordinal), Delay = happens });

    /// <summary>A lock of another host, whose holder works on.</summary>
    private static async Task<string> PutLockAsync(ResticRepository repository, bool exclusive)
    {
        var json = $$"""{"time":"{{DateTimeOffset.UtcNow:O}}","exclusive":{{(exclusive ? "true" : "false")}},"hostname":"elsewhere","username":"tester","pid":1}""";
        var id = await repository.Parts.Files.SaveAsync(FileKind.Lock, System.Text.Encoding.UTF8.GetBytes(json), Cancellation);
        return $"locks/{id}";
    }
}
