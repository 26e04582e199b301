using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Pruning;

/// <summary>A store in which not one byte can be written.</summary>
public sealed class EmergencyPruneTests : IAsyncDisposable
{
    private static readonly PruneOptions Emergency = new() { Emergency = true };

    private readonly MemoryStore _store = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_full_store_has_room_again_and_all_that_is_kept()
    {
        var dropped = await FillAsync();
        await using var full = new SmallStore(_store);
        full.Capacity = full.Used;
        await using var repository = await TestRepositories.OpenAsync(full);
        await Assert.ThrowsAsync<StorageException>(() => repository.LockAsync(LockKind.Shared, Cancellation));
        var bytes = full.Used;

        await repository.Forgotten.ForgetAsync([dropped.Id], TimeSpan.Zero, Cancellation);
        var report = await repository.PruneAsync(Emergency, Cancellation);
        Assert.True(report.PacksDeleted > 0);
        Assert.True(bytes - full.Used > 60_000);
        await PruneTests.AssertSoundAsync(_store);
        Assert.Empty(_store.Under("stella/"));
        Assert.Empty(_store.Under("locks/"));

        await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(99, 30_000)]);
        await PruneTests.AssertSoundAsync(_store);
    }

    [Fact]
    public async Task Marked_packs_and_what_forgotten_snapshots_need_go_too()
    {
        var dropped = await FillAsync();
        await using (var repository = await TestRepositories.OpenAsync(_store))
        {
            await repository.Forgotten.ForgetAsync([dropped.Id], TimeSpan.FromDays(7), Cancellation);
            await repository.PruneAsync(cancellationToken: Cancellation);
        }

        await using var full = new SmallStore(_store);
        full.Capacity = full.Used;
        await using var cleanup = await TestRepositories.OpenAsync(full);
        await cleanup.PruneAsync(Emergency, Cancellation);
        Assert.True(full.Capacity - full.Used > 60_000);
        Assert.Empty(_store.Under("stella/"));
        await PruneTests.AssertSoundAsync(_store);
    }

    [Fact]
    public async Task A_prune_whose_copies_find_no_room_leaves_none_of_them_and_goes_without_them()
    {
        await using var full = new SmallStore(_store);
        await using var repository = await TestRepositories.InitAsync(full);
        byte[][] kept = [.. Enumerable.Range(0, 20).Select(i => TestRepositories.Content(2 * i + 1, 8_000))];
        var mixed = await TestRepositories.BackUpAsync(repository, [.. kept.Zip(Unneeded.Concat(Unneeded.Select(content => content[1..])), (one, other) => (byte[][])[one, other]).SelectMany(both => both)]);
        await TestRepositories.BackUpAsync(repository, kept);
        var dropped = await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(99, 30_000)]);
        await repository.Forgotten.ForgetAsync([mixed.Id], TimeSpan.Zero, Cancellation);
        await repository.Forgotten.ForgetAsync([dropped.Id], TimeSpan.FromDays(7), Cancellation);
        full.Capacity = full.Used + 100_000; // Three packs of the five that the copies take.
        var before = _store.Keys.ToList();
        Assert.Equal(StorageFailure.Full, (await Assert.ThrowsAsync<StorageException>(() => repository.PruneAsync(cancellationToken: Cancellation))).Failure);
        Assert.Equal(before, _store.Keys);

        var report = await repository.PruneAsync(new PruneOptions { Repack = false }, Cancellation);
        Assert.Equal((0, 1), (report.PacksRepacked, report.Plan.ForgottenKept));
        await PruneTests.AssertSoundAsync(_store);
        await repository.Forgotten.UndeleteAsync(dropped.Id, Cancellation);
        full.Capacity = long.MaxValue;
        Assert.True((await repository.PruneAsync(cancellationToken: Cancellation)).PacksRepacked > 0);
        await PruneTests.AssertSoundAsync(_store);
    }

    [Fact]
    public async Task Where_somebody_works_nothing_is_deleted()
    {
        await DropAsync();
        await using var full = new SmallStore(_store);
        await using var other = await TestRepositories.OpenAsync(full);
        await using (await other.LockAsync(LockKind.Shared, Cancellation))
        {
            full.Capacity = full.Used;
            var before = _store.Keys.ToList();
            await using var cleanup = await TestRepositories.OpenAsync(full);
            Assert.Equal(RepositoryFailure.Locked, (await Assert.ThrowsAsync<RepositoryException>(() => cleanup.PruneAsync(Emergency, Cancellation))).Failure);
            Assert.Equal(before, _store.Keys);
        }
    }

    [Fact]
    public async Task Room_that_somebody_else_takes_costs_index_entries_which_the_next_prune_brings_back()
    {
        await DropAsync();
        await using var full = new SmallStore(_store) { Capacity = 0 };
        await using var cleanup = await TestRepositories.OpenAsync(full);
        var failure = await Assert.ThrowsAsync<StorageException>(() => cleanup.PruneAsync(Emergency, Cancellation));
        Assert.Equal(StorageFailure.Full, failure.Failure);
        Assert.Contains("then prune", failure.Message, StringComparison.Ordinal);

        await using var repository = await TestRepositories.OpenAsync(_store);
        Assert.True((await repository.PruneAsync(cancellationToken: Cancellation)).PacksRestored > 0);
        await PruneTests.AssertSoundAsync(_store);
    }

    [Theory]
    [InlineData(Fault.Crash)]
    [InlineData(Fault.CrashAfter)]
    public async Task Killed_at_any_change_backups_stay_right_and_the_next_prune_makes_everything_whole(Fault fault)
    {
        await DropAsync();
        var struck = true;
        for (var at = 1; struck; at++)
        {
            var store = _store.Copy();
            await using var full = new SmallStore(store);
            full.Capacity = full.Used;
            await using var faulty = new FaultyStore(full, fault, at);
            await using var cleanup = await TestRepositories.OpenAsync(faulty);
            await Record.ExceptionAsync(() => cleanup.PruneAsync(Emergency, Cancellation));
            struck = faulty.Struck;

            // Before anything was tidied: a backup of the very data that was being deleted must be complete.
            await using var repository = await TestRepositories.OpenAsync(PruneTests.Unlocked(store));
            var snapshot = await TestRepositories.BackUpAsync(repository, [.. Unneeded]);
            Assert.DoesNotContain((await repository.VerifyAsync(new VerifyRequest(), Cancellation)).Damages,
                damage => damage.Kind != DamageKind.NotIndexed || damage.Snapshots.Contains(snapshot.Id));
            await repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero }, Cancellation);
            await PruneTests.AssertSoundAsync(store);
        }
    }

    private static IEnumerable<byte[]> Unneeded => Enumerable.Range(20, 10).Select(i => TestRepositories.Content(2 * i + 1, 8_000));

    /// <summary>Of two backups in one index file, and one in another, one is going to be dropped.</summary>
    private async Task<Snapshot> FillAsync()
    {
        await using var repository = await TestRepositories.InitAsync(_store);
        await TestRepositories.BackUpAsync(repository, [.. Enumerable.Range(0, 8).Select(i => TestRepositories.Content(2 * i + 1, 8_000))]);
        var dropped = await TestRepositories.BackUpAsync(repository, [.. Unneeded]);
        await TestRepositories.BackUpAsync(repository, [.. Enumerable.Range(60, 4).Select(i => TestRepositories.Content(2 * i + 1, 8_000))]);
        foreach (var i in Enumerable.Range(0, 9))
        {
            await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(200 + i, 100)]); // Enough index files to be merged.
        }

        await repository.PruneAsync(new PruneOptions { MaxUnused = 1 }, Cancellation);
        return dropped;
    }

    private async Task DropAsync()
    {
        var dropped = await FillAsync();
        await using var repository = await TestRepositories.OpenAsync(_store);
        await repository.Forgotten.ForgetAsync([dropped.Id], TimeSpan.Zero, Cancellation);
    }
}
