using StellaOps.Backup.Repository.Archive;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Tests.Archive;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Locks;

/// <summary>A backup that reads while its lock settles, and someone with an exclusive lock in every order of the two.</summary>
public sealed class EarlyLockTests : IAsyncDisposable
{
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(10);

    private readonly MemoryStore _store = new();
    private readonly SteppedClock _clock = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_backup_reads_while_its_lock_settles_and_stores_only_after_it()
    {
        await using var repository = await TestRepositories.InitAsync(_store, Options());
        var source = NewSource();
        var backup = ArchiveAsync(repository, source);
        await UntilAsync(() => source.Opened.Count == 3, step: false);
        Assert.Empty(_store.Under("data/").Concat(_store.Under("index/")).Concat(_store.Under("snapshots/")));
        Assert.False(backup.IsCompleted);

        await UntilAsync(() => backup.IsCompleted, step: true);
        Assert.Equal(3, (await backup).FilesNew);
        Assert.Single(_store.Under("snapshots/"));
        Assert.Empty((await repository.CheckAsync(Cancellation)).Damages);
    }

    [Fact]
    public async Task A_backup_without_news_saves_its_snapshot_only_after_its_lock_settled()
    {
        await using var repository = await TestRepositories.InitAsync(_store, Options());
        var first = ArchiveAsync(repository, NewSource());
        await UntilAsync(() => first.IsCompleted, step: true);
        await first;

        var source = NewSource();
        var second = ArchiveAsync(repository, source);
        await UntilAsync(() => source.Opened.Count == 3, step: false);
        Assert.Single(_store.Under("snapshots/"));
        await UntilAsync(() => second.IsCompleted, step: true);
        Assert.Equal(0, (await second).BytesAdded);
        Assert.Equal(2, _store.Under("snapshots/").Count);
    }

    [Fact]
    public async Task Whoever_looked_before_and_looks_again_after_the_early_lock_gives_way()
    {
        Task<RepositoryLock>? exclusive = null;
        await using var other = await TestRepositories.InitAsync(_store, Options());
        await using var slow = WhenLockIsPut(_ =>
        {
            exclusive = other.LockAsync(LockKind.Exclusive, Cancellation); // Looks and writes here, and goes on beside us.
            return Task.CompletedTask;
        });
        await using var repository = await TestRepositories.OpenAsync(slow, Options());
        await using var early = await repository.LockEarlyAsync(Cancellation);
        Assert.False(early.Confirmed.IsCompleted);

        await UntilAsync(() => exclusive!.IsCompleted && early.Confirmed.IsCompleted, step: true);
        Assert.Equal(RepositoryFailure.Locked, (await Assert.ThrowsAsync<RepositoryException>(() => exclusive!)).Failure);
    }

    [Fact]
    public async Task A_lock_is_not_early_when_another_could_be_taken_between_its_look_and_its_writing()
    {
        RepositoryLock? exclusive = null;
        await using var other = await TestRepositories.InitAsync(_store, Options());
        await using var slow = WhenLockIsPut(async _ =>
        {
            var taking = other.LockAsync(LockKind.Exclusive, Cancellation);
            await UntilAsync(() => taking.IsCompleted, step: true);
            exclusive = await taking;
        });
        await using var repository = await TestRepositories.OpenAsync(slow, Options());
        var early = repository.LockEarlyAsync(Cancellation);
        await UntilAsync(() => early.IsCompleted, step: true);

        // Refused by the taking itself: nothing was read under it.
        Assert.Equal(RepositoryFailure.Locked, (await Assert.ThrowsAsync<RepositoryException>(() => early)).Failure);
        await exclusive!.DisposeAsync();
        Assert.Empty(_store.Under("locks/"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_backup_that_meets_a_lock_at_its_second_look_stores_nothing_and_waits_or_is_refused(bool wait)
    {
        string? conflict = null;
        await using var other = await TestRepositories.InitAsync(_store, Options());
        await using var slow = WhenLockIsPut(async _ => conflict = await PutExclusiveAsync(other));
        await using var repository = await TestRepositories.OpenAsync(slow, Options() with { LockWait = wait ? TimeSpan.FromHours(1) : default });
        var source = NewSource();
        var backup = ArchiveAsync(repository, source);
        await UntilAsync(() => source.Opened.Count == 3, step: false);
        await UntilAsync(() => backup.IsCompleted || _store.Under("locks/") is [var only] && only == conflict, step: true);
        Assert.Empty(_store.Under("data/").Concat(_store.Under("index/")).Concat(_store.Under("snapshots/")));
        if (wait)
        {
            await _store.DeleteAsync(conflict!, Cancellation);
            await UntilAsync(() => backup.IsCompleted, step: true);
            Assert.Equal(3, (await backup).FilesNew);
            Assert.Equal(6, source.Opened.Count);
        }
        else
        {
            await UntilAsync(() => backup.IsCompleted, step: true);
            Assert.Equal(RepositoryFailure.Locked, (await Assert.ThrowsAsync<RepositoryException>(() => backup)).Failure);
        }
    }

    [Fact]
    public async Task A_store_that_fails_at_the_second_look_ends_the_backup_with_its_failure()
    {
        await using (await TestRepositories.InitAsync(_store, Options()))
        {
        }

        var rule = new FaultRule(Fault.Fail) { Matches = call => call is { Kind: StoreCallKind.List, Key: "locks/" }, At = 2 };
        await using var failing = new FaultyStore(_store, rule);
        await using var repository = await TestRepositories.OpenAsync(failing, Options());
        var backup = ArchiveAsync(repository, NewSource());
        await UntilAsync(() => backup.IsCompleted, step: true);
        await Assert.ThrowsAsync<Backup.Storage.StorageException>(() => backup);
        Assert.Empty(_store.Under("locks/").Concat(_store.Under("snapshots/")));
    }

    private RepositoryOptions Options() => TestRepositories.Cheap with { Clock = _clock, LockSettle = Settle };

    private static MemorySource NewSource() => new(("a", "1"), ("b/c", "2"), ("b/d", "3")) { IsRepeatable = true };

    private static Task<ArchiveResult> ArchiveAsync(ResticRepository repository, MemorySource source) =>
        new Archiver(repository, repository.Options.Clock).RunAsync(source, new ArchiveRequest { Paths = ["/"], Hostname = "tests" }, Cancellation);

    /// <summary>The store, on which something else happens right before the first lock is put.</summary>
    private FaultyStore WhenLockIsPut(Func<CancellationToken, Task> happens) => new(
        _store,
        new FaultRule(Fault.Delay) { Matches = call => call.Kind == StoreCallKind.Put && call.Key.StartsWith("locks/", StringComparison.Ordinal), Delay = happens });

    /// <summary>An exclusive lock of another host, whose holder works on.</summary>
    private async Task<string> PutExclusiveAsync(ResticRepository repository)
    {
        var json = $$"""{"time":"{{_clock.GetUtcNow():O}}","exclusive":true,"hostname":"elsewhere","username":"tester","pid":1}""";
        var id = await repository.Parts.Files.SaveAsync(Unpacked.FileKind.Lock, System.Text.Encoding.UTF8.GetBytes(json), Cancellation);
        return $"locks/{id}";
    }

    private async Task UntilAsync(Func<bool> condition, bool step)
    {
        for (var patience = 0; !condition(); patience++)
        {
            Assert.InRange(patience, 0, 60_000);
            if (step)
            {
                _clock.Step(TimeSpan.FromMilliseconds(100));
            }

            await Task.Delay(1, Cancellation);
        }
    }
}
