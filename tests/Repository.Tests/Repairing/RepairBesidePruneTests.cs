using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Repairing;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Tests.Locks;
using StellaOps.Backup.Repository.Tests.Pruning;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Repairing;

/// <summary>Repairs between the two phases of a prune: packs that are marked lie in the store, and no index file names them.</summary>
public sealed class RepairBesidePruneTests : IAsyncLifetime
{
    private static readonly byte[] Kept = TestRepositories.Content(1, 9_000), Dropped = TestRepositories.Content(3, 90_000);

    private readonly MemoryStore _store = new();
    private readonly SteppedClock _clock = new();
    private ResticRepository _repository = null!, _late = null!;
    private Snapshot _first = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private RepositoryOptions Options => TestRepositories.Cheap with { Clock = _clock };

    public async ValueTask InitializeAsync()
    {
        _repository = await TestRepositories.InitAsync(_store, Options);
        _first = await TestRepositories.BackUpAsync(_repository, [Kept, Dropped]);
        await TestRepositories.BackUpAsync(_repository, [Kept]);
        _late = await TestRepositories.OpenAsync(_store, Options);
        await _repository.Forgotten.ForgetAsync([_first.Id], TimeSpan.Zero, Cancellation);
        await PruneAsync();
        Assert.Single(_store.Under("stella/pending/"));
        Assert.True(IsStored());
        Assert.False(await IsNamedAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await _late.DisposeAsync();
        await _repository.DisposeAsync();
    }

    [Theory]
    [InlineData("index", false)]
    [InlineData("index", true)]
    [InlineData("data", false)]
    public async Task A_marked_pack_stays_out_of_the_index_and_goes_when_its_day_is_over(string repair, bool indexIsLost)
    {
        if (indexIsLost)
        {
            foreach (var key in _store.Under("index/"))
            {
                await _store.DeleteAsync(key, Cancellation);
            }
        }

        await RepairAsync(repair);
        Assert.False(await IsNamedAsync());
        _clock.Step(TimeSpan.FromHours(25));
        await PruneAsync();
        Assert.False(IsStored());
        Assert.Empty(_store.Under("stella/"));
        await PruneTests.AssertSoundAsync(_store);
    }

    [Theory]
    [InlineData("index")]
    [InlineData("data")]
    public async Task A_marked_pack_that_a_snapshot_needs_comes_back_and_loses_its_mark(string repair)
    {
        var again = await TestRepositories.BackUpAsync(_late, [Dropped]); // Its lock was taken for abandoned: it relies on an index of before the prune.
        await RepairAsync(repair);
        Assert.True(await IsNamedAsync());
        await PruneTests.AssertSoundAsync(_store);
        _clock.Step(TimeSpan.FromHours(25));
        await PruneAsync();
        Assert.True(await IsNamedAsync());
        await PruneTests.AssertSoundAsync(_store);

        // Unneeded once more, its day begins anew.
        await _repository.Forgotten.ForgetAsync([again.Id], TimeSpan.Zero, Cancellation);
        await PruneAsync();
        Assert.True(IsStored());
        _clock.Step(TimeSpan.FromHours(25));
        await PruneAsync();
        Assert.False(IsStored());
    }

    [Fact]
    public async Task A_pack_that_is_named_again_is_not_deleted_whatever_its_mark_says()
    {
        var mark = _store.Under("stella/pending/").Single();
        var content = _store[mark];
        await TestRepositories.BackUpAsync(_late, [Dropped]);
        await RepairAsync("index");
        _store[mark] = content; // As an eventually consistent store may bring it back.
        _clock.Step(TimeSpan.FromHours(25));
        await PruneAsync();
        Assert.True(await IsNamedAsync());
        await PruneTests.AssertSoundAsync(_store);
    }

    [Fact]
    public async Task A_marked_pack_heals_what_was_copied_out_of_it_and_damaged_since()
    {
        var store = new MemoryStore();
        await using var repository = await TestRepositories.InitAsync(store, Options with { PackTarget = 256 << 10 });
        var both = await TestRepositories.BackUpAsync(repository, [Kept, Dropped]);
        await TestRepositories.BackUpAsync(repository, [Kept]);
        await repository.Forgotten.ForgetAsync([both.Id], TimeSpan.Zero, Cancellation);
        Assert.True((await repository.PruneAsync(new PruneOptions { MaxUnused = 0 }, Cancellation)).PacksRepacked > 0);
        await using var damaged = await TestRepositories.OpenAsync(store, Options);
        store[RepairBench.PackOf(damaged, BlobType.Data, BlobId.Of(Kept))][40] ^= 1;
        Assert.NotEmpty((await repository.VerifyAsync(new VerifyRequest(), Cancellation)).Damages);

        Assert.Empty((await new RepositoryRepair(repository).RunAsync(new RepairRequest(), Cancellation)).Lost);
        await PruneTests.AssertSoundAsync(store);
    }

    private Task<PruneReport> PruneAsync() => _repository.PruneAsync(new PruneOptions { MaxUnused = 0 }, Cancellation);

    private Task RepairAsync(string what) => what == "index"
        ? new IndexRepair(_repository).RunAsync(readAllPacks: true, cancellationToken: Cancellation)
        : new RepositoryRepair(_repository).RunAsync(new RepairRequest(), Cancellation);

    private bool IsStored() => _store.Keys.Contains(RepairBench.PackOf(_late, BlobType.Data, BlobId.Of(Dropped)));

    private async Task<bool> IsNamedAsync()
    {
        await using var repository = await TestRepositories.OpenAsync(_store, Options);
        return repository.Blobs.Find(BlobType.Data, BlobId.Of(Dropped)) is not null;
    }
}
