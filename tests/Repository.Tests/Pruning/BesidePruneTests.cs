using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Repairing;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Tests.Models;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Pruning;

/// <summary>Others at work while a prune without any grace is: nothing that they rely on may go.</summary>
public sealed class BesidePruneTests : IAsyncDisposable
{
    private static readonly byte[] Kept = TestRepositories.Content(1, 9_000), Dropped = TestRepositories.Content(3, 90_000);
    private static readonly PruneOptions AtOnce = new() { Grace = TimeSpan.Zero, MaxUnused = 0 };

    private readonly MemoryStore _store = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_backup_that_ends_between_plan_and_execution_keeps_what_it_found()
    {
        var first = await PrepareAsync();
        await DropAsync(first);
        await PruneWithAsync(async other => await TestRepositories.BackUpAsync(other, [Dropped]));
        await AssertReadableAsync(Dropped);
    }

    [Fact]
    public async Task A_backup_that_has_found_blobs_in_the_index_keeps_the_prune_from_removing_them()
    {
        var first = await PrepareAsync();
        await DropAsync(first);
        await using var backup = await TestRepositories.OpenAsync(_store);
        await using (await backup.LockAsync(LockKind.Shared, Cancellation))
        {
            var before = _store.Under("data/");
            await using var repository = await TestRepositories.OpenAsync(_store);
            var failure = await Assert.ThrowsAsync<RepositoryException>(() => repository.PruneAsync(AtOnce, Cancellation));
            Assert.Equal(RepositoryFailure.Locked, failure.Failure);
            Assert.Subset(_store.Under("data/").ToHashSet(), before.ToHashSet());
            await TestRepositories.BackUpAsync(backup, [Dropped]);
        }

        await using var after = await TestRepositories.OpenAsync(_store);
        await after.PruneAsync(AtOnce, Cancellation);
        await AssertReadableAsync(Dropped);
    }

    [Fact]
    public async Task A_snapshot_that_is_forgotten_between_plan_and_execution_can_be_brought_back()
    {
        var first = await PrepareAsync();
        await PruneWithAsync(other => other.Forgotten.ForgetAsync([first.Id], TimeSpan.FromDays(7), Cancellation));
        await UndeleteAsync(first);
        await AssertReadableAsync(Dropped);
    }

    [Fact]
    public async Task A_snapshot_that_is_brought_back_between_plan_and_execution_keeps_its_data()
    {
        var first = await PrepareAsync();
        await using (var repository = await TestRepositories.OpenAsync(_store))
        {
            await repository.Forgotten.ForgetAsync([first.Id], TimeSpan.FromDays(7), Cancellation);
        }

        await PruneWithAsync(other => other.Forgotten.UndeleteAsync(first.Id, Cancellation), AtOnce with { DropForgotten = true });
        await AssertReadableAsync(Dropped);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_snapshot_that_is_forgotten_again_between_plan_and_execution_can_be_brought_back_again(bool undeletedBefore)
    {
        // Either its grace is over when the prune plans, or its record is left from before it was brought back.
        var first = await PrepareAsync();
        await using (var repository = await TestRepositories.OpenAsync(_store))
        {
            await repository.Forgotten.ForgetAsync([first.Id], TimeSpan.FromMilliseconds(undeletedBefore ? 1_000_000 : 1), Cancellation);
            await Task.Delay(5, Cancellation);
            if (undeletedBefore)
            {
                await repository.Forgotten.UndeleteAsync(first.Id, Cancellation);
            }
        }

        await PruneWithAsync(async other =>
        {
            await other.Forgotten.UndeleteAsync(first.Id, Cancellation);
            await other.Forgotten.ForgetAsync([first.Id], TimeSpan.FromDays(7), Cancellation);
        });
        await UndeleteAsync(first);
        await AssertReadableAsync(Dropped);
    }

    [Fact]
    public async Task A_prune_that_another_one_overtakes_plans_again()
    {
        var first = await PrepareAsync();
        await DropAsync(first);
        await OvertakenAsync(async other =>
        {
            await other.PruneAsync(AtOnce, Cancellation);
            await TestRepositories.BackUpAsync(other, [Dropped, TestRepositories.Content(7, 5_000)]);
        });
        await AssertReadableAsync(Dropped);
        Assert.Equal(0, (await PruneTests.AssertSoundAsync(_store)).UnindexedPacks);
    }

    /// <summary>Which of two places of a blob counts depends on which index file is read first.</summary>
    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    public async Task The_originals_stay_when_another_prune_has_taken_their_copies_for_ones_too_many(int seed)
    {
        var kept = TestRepositories.Content(seed, 9_000);
        await using (var repository = await TestRepositories.InitAsync(_store))
        {
            var first = await TestRepositories.BackUpAsync(repository, [kept, Dropped]);
            await TestRepositories.BackUpAsync(repository, [kept]);
            await repository.Forgotten.ForgetAsync([first.Id], TimeSpan.Zero, Cancellation);
            await repository.PruneAsync(AtOnce with { Repack = false }, Cancellation);
        }

        await OvertakenAsync(other => other.PruneAsync(AtOnce with { Repack = false }, Cancellation));
        await AssertReadableAsync(kept);
    }

    [Fact]
    public async Task A_pack_that_an_index_file_names_again_between_plan_and_execution_stays()
    {
        await using (var repository = await TestRepositories.InitAsync(_store))
        {
            var first = await TestRepositories.BackUpAsync(repository, [Dropped]);
            await TestRepositories.BackUpAsync(repository, [Kept]);
            await repository.Forgotten.ForgetAsync([first.Id], TimeSpan.Zero, Cancellation);
        }

        foreach (var file in _store.Under("index/").ToList())
        {
            await _store.DeleteAsync(file, Cancellation);
        }

        await OvertakenAsync(other => new IndexRepair(other).RunAsync(cancellationToken: Cancellation));
        await using var after = await TestRepositories.OpenAsync(_store);
        await TestRepositories.BackUpAsync(after, [Dropped]);
        await AssertReadableAsync(Dropped);
    }

    [Fact]
    public async Task Backups_and_prunes_at_the_same_time_lose_nothing()
    {
        var options = TestRepositories.Cheap with { LockWait = TimeSpan.FromMinutes(2), PackTarget = 8 << 10 };
        await using (await TestRepositories.InitAsync(_store, options))
        {
        }

        await Task.WhenAll(BackUpAsync(1), BackUpAsync(2), PruneAsync());
        await PruneTests.AssertSoundAsync(_store);

        async Task BackUpAsync(int seed)
        {
            var random = new Random(seed);
            var tree = ModelTree.Empty;
            for (var version = 1; version <= 6; version++)
            {
                tree = tree.Changed(random, 6, 100 * seed + version);
                var snapshot = await ModelWork.BackUpAsync(_store, tree, options);
                await using var repository = await ResticRepository.OpenAsync(_store, TestRepositories.Password, options, Cancellation);
                await repository.Forgotten.ForgetAsync(version % 2 == 0 ? [snapshot.Id] : [], version % 4 == 0 ? TimeSpan.Zero : TimeSpan.FromDays(1), Cancellation);
            }
        }

        async Task PruneAsync()
        {
            for (var i = 0; i < 6; i++)
            {
                await using var repository = await ResticRepository.OpenAsync(_store, TestRepositories.Password, options, Cancellation);
                await repository.PruneAsync(AtOnce, Cancellation);
            }
        }
    }

    private async Task<Snapshot> PrepareAsync()
    {
        await using var repository = await TestRepositories.InitAsync(_store);
        var first = await TestRepositories.BackUpAsync(repository, [Kept, Dropped]);
        await TestRepositories.BackUpAsync(repository, [Kept]);
        return first;
    }

    private async Task DropAsync(Snapshot snapshot)
    {
        await using var repository = await TestRepositories.OpenAsync(_store);
        await repository.Forgotten.ForgetAsync([snapshot.Id], TimeSpan.Zero, Cancellation);
    }

    /// <summary>A prune in whose middle, when it has planned and nothing is locked exclusively, another process works.</summary>
    private async Task PruneWithAsync(Func<ResticRepository, Task> work, PruneOptions? options = null)
    {
        await using var repository = await TestRepositories.OpenAsync(_store);
        await using var other = await TestRepositories.OpenAsync(_store);
        var worked = false;
        await repository.PruneAsync((options ?? AtOnce) with
        {
            OnPlanned = _ =>
            {
                Task.Run(() => work(other)).GetAwaiter().GetResult();
                worked = true;
            },
        }, Cancellation);
        Assert.True(worked);
        await PruneTests.AssertSoundAsync(_store);
    }

    /// <summary>A prune that has planned, and waits for the exclusive lock while another process works: the shared lock of the plan is gone, and nobody is kept out.</summary>
    private async Task OvertakenAsync(Func<ResticRepository, Task> work)
    {
        var locks = 0;
        await using var store = new FaultyStore(_store, new FaultRule(Fault.Delay)
        {
            Matches = call => call.Kind == StoreCallKind.Put && call.Key.StartsWith("locks/", StringComparison.Ordinal) && Interlocked.Increment(ref locks) == 2,
            Delay = async _ =>
            {
                await using var other = await TestRepositories.OpenAsync(_store);
                await work(other);
            },
        });
        await using var repository = await TestRepositories.OpenAsync(store);
        await repository.PruneAsync(AtOnce, Cancellation);
        Assert.True(store.Struck);
    }

    private async Task UndeleteAsync(Snapshot snapshot)
    {
        await using var repository = await TestRepositories.OpenAsync(_store);
        await repository.Forgotten.UndeleteAsync(snapshot.Id, Cancellation);
    }

    private async Task AssertReadableAsync(byte[] content)
    {
        await PruneTests.AssertSoundAsync(_store);
        await using var repository = await TestRepositories.OpenAsync(_store);
        using var blob = await repository.Blobs.ReadAsync(BlobType.Data, BlobId.Of(content), Cancellation);
        Assert.Equal(content, blob.Memory.ToArray());
    }
}
