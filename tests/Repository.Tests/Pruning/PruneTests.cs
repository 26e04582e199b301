using CsCheck;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Pruning;

public sealed class PruneTests
{
    [Fact]
    public async Task What_no_snapshot_needs_goes_and_the_rest_stays()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var store = new MemoryStore();
        await using var repository = await TestRepositories.InitAsync(store);
        var kept = TestRepositories.Content(1, 9_000);
        var first = await TestRepositories.BackUpAsync(repository, [kept, TestRepositories.Content(3, 90_000)]);
        await TestRepositories.BackUpAsync(repository, [kept, TestRepositories.Content(5, 1_000)]);
        await repository.Forgotten.ForgetAsync([first.Id], TimeSpan.Zero, cancellation);

        var before = store.Keys.ToList();
        var planned = await repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero, DryRun = true }, cancellation);
        Assert.Equal(before, store.Keys);
        var done = await repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero, MaxUnused = 0 }, cancellation);
        Assert.Equal(planned.PacksDeleted, done.PacksDeleted);
        Assert.True(done.BytesAfter < 20_000);
        Assert.Equal(done.BytesAfter, store.Under("data/").Sum(key => store[key].LongLength), tolerance: 1_000);
        await AssertSoundAsync(store);
        using var blob = await repository.Blobs.ReadAsync(BlobType.Data, BlobId.Of(kept), cancellation);
        Assert.Equal(kept, blob.Memory.ToArray());
        Assert.Null(repository.Blobs.Find(BlobType.Data, BlobId.Of(TestRepositories.Content(3, 90_000))));

        var again = await repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero, MaxUnused = 0 }, cancellation);
        Assert.Equal((0, 0, 0), (again.PacksDeleted, again.PacksRepacked, again.BlobsRemoved));
    }

    [Fact]
    public async Task A_little_waste_is_left_where_it_is()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var repository = await TestRepositories.InitAsync(new MemoryStore());
        var large = Enumerable.Range(0, 20).Select(i => TestRepositories.Content(2 * i + 1, 3_000)).ToList();
        var first = await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(99, 100), .. large]);
        await TestRepositories.BackUpAsync(repository, large);
        await repository.Forgotten.ForgetAsync([first.Id], TimeSpan.Zero, cancellation);
        var report = await repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero, MaxUnused = 0.2 }, cancellation);
        Assert.Equal((0, 1), (report.PacksRepacked, report.PacksDeleted)); // That of the first one's trees.
    }

    [Fact]
    public async Task Many_small_packs_are_merged()
    {
        var store = new MemoryStore();
        await using var repository = await TestRepositories.InitAsync(store);
        for (var i = 0; i < 12; i++)
        {
            await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(2 * i + 1, 500)]);
        }

        Assert.Equal(24, store.Under("data/").Count);
        Assert.Equal(24, (await repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero }, TestContext.Current.CancellationToken)).PacksRepacked);
        Assert.Equal(2, store.Under("data/").Count);
        Assert.Single(store.Under("index/"));
        await AssertSoundAsync(store);
    }

    [Fact]
    public async Task Packs_that_are_small_because_they_are_full_of_blobs_stay()
    {
        const int packs = 10, blobs = 10_000;
        await using var repository = await TestRepositories.InitAsync(new MemoryStore(), TestRepositories.Cheap with { PackTarget = 16 << 20 });
        await TestRepositories.BackUpAsync(repository, [.. Enumerable.Range(0, packs * blobs).Select(BitConverter.GetBytes)]);
        var report = await repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero }, TestContext.Current.CancellationToken);
        Assert.Equal((0, 0), (report.PacksRepacked, report.PacksDeleted));
        Assert.InRange(report.PacksKept, packs + 1, packs + 2); // And its tree.
    }

    [Fact]
    public async Task Packs_that_no_index_names_go()
    {
        var store = new MemoryStore();
        await using var repository = await TestRepositories.InitAsync(store);
        await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(1, 500)]);
        var name = BlobId.Of([1]).ToString();
        store[$"data/{name[..2]}/{name}"] = new byte[100];
        Assert.Equal(1, (await repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero }, TestContext.Current.CancellationToken)).PacksDeleted);
        Assert.Equal(2, store.Under("data/").Count);
    }

    [Fact]
    public async Task With_needed_data_missing_nothing_is_pruned()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var store = new MemoryStore();
        await using var repository = await TestRepositories.InitAsync(store);
        var first = await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(1, 40_000)]);
        await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(3, 40_000)]);
        await repository.Forgotten.ForgetAsync([first.Id], TimeSpan.Zero, cancellation);
        var pack = repository.Blobs.Find(BlobType.Data, BlobId.Of(TestRepositories.Content(3, 40_000)))!.Value.Pack.ToString();
        await store.DeleteAsync($"data/{pack[..2]}/{pack}", cancellation);
        var before = store.Keys.ToList();
        var failure = await Assert.ThrowsAsync<RepositoryException>(() => repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero }, cancellation));
        Assert.Equal(RepositoryFailure.Damaged, failure.Failure);
        Assert.Equal(before, store.Keys);
    }

    [Fact]
    public async Task Killed_at_any_change_the_repository_is_whole_and_the_next_prune_ends_it()
    {
        var template = new MemoryStore();
        await using (var repository = await TestRepositories.InitAsync(template))
        {
            var kept = Enumerable.Range(0, 5).Select(i => TestRepositories.Content(2 * i + 1, 4_000)).ToList();
            var first = await TestRepositories.BackUpAsync(repository, [.. kept, .. Enumerable.Range(50, 10).Select(i => TestRepositories.Content(2 * i + 1, 7_000))]);
            await TestRepositories.BackUpAsync(repository, kept);
            await repository.Forgotten.ForgetAsync([first.Id], TimeSpan.Zero, TestContext.Current.CancellationToken);
        }

        foreach (var fault in (Fault[])[Fault.Crash, Fault.CrashAfter])
        {
            var struck = true;
            for (var at = 1; struck; at++)
            {
                var store = template.Copy();
                struck = await CrashAsync(store, fault, at, repository => repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero, MaxUnused = 0 }, TestContext.Current.CancellationToken));
                await AssertSoundAsync(store);
                await using var next = await TestRepositories.OpenAsync(Unlocked(store));
                await next.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero, MaxUnused = 0 }, TestContext.Current.CancellationToken);
                Assert.InRange(store.Under("data/").Sum(key => store[key].Length), 20_000, 30_000);
                Assert.Equal(0, (await AssertSoundAsync(store)).UnindexedPacks);
            }
        }
    }

    [Fact]
    public async Task Whatever_is_forgotten_all_that_remains_is_there() =>
        await Gen.Select(Gen.Int[0, 12].Array[0, 8].Array[1, 4], Gen.Int[0, 15], Gen.Bool).SampleAsync(async (backups, forget, strict) =>
        {
            var store = new MemoryStore();
            await using var repository = await TestRepositories.InitAsync(store);
            var snapshots = new List<Snapshot>();
            foreach (var files in backups)
            {
                snapshots.Add(await TestRepositories.BackUpAsync(repository, [.. files.Select(seed => TestRepositories.Content(seed, 200 + seed * 900))]));
            }

            await repository.Forgotten.ForgetAsync([.. snapshots.Where((_, i) => (forget & (1 << i)) != 0).Select(snapshot => snapshot.Id)], TimeSpan.Zero, TestContext.Current.CancellationToken);
            await repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero, MaxUnused = strict ? 0 : 0.3 }, TestContext.Current.CancellationToken);
            await AssertSoundAsync(store);
        }, iter: 12, threads: 1);

    internal static async Task<bool> CrashAsync(MemoryStore store, Fault fault, int at, Func<ResticRepository, Task> act)
    {
        await using var faulty = new FaultyStore(store, fault, at);
        await using var repository = await TestRepositories.OpenAsync(faulty);
        try
        {
            await act(repository);
        }
        catch (CrashException)
        {
        }

        return faulty.Struck;
    }

    /// <summary>As another process would see it half an hour later: the dead one's lock does not count.</summary>
    internal static MemoryStore Unlocked(MemoryStore store)
    {
        foreach (var key in store.Under("locks/"))
        {
            store.DeleteAsync(key).AsTask().Wait();
        }

        return store;
    }

    internal static async Task<CheckReport> AssertSoundAsync(MemoryStore store)
    {
        await using var repository = await TestRepositories.OpenAsync(store);
        var report = await repository.VerifyAsync(new VerifyRequest(), TestContext.Current.CancellationToken);
        Assert.Empty(report.Damages);
        return report;
    }
}
