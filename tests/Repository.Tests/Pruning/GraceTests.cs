using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Tests.Locks;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Pruning;

/// <summary>Two phases: what nothing needs leaves the index, and the store a day later, if still nothing needs it.</summary>
public sealed class GraceTests : IAsyncLifetime
{
    private static readonly byte[] Kept = TestRepositories.Content(1, 9_000), Dropped = TestRepositories.Content(3, 90_000);

    private readonly MemoryStore _store = new();
    private readonly SteppedClock _clock = new();
    private ResticRepository _repository = null!;
    private Snapshot _first = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static PruneOptions Strict => new() { MaxUnused = 0 };

    public async ValueTask InitializeAsync()
    {
        _repository = await TestRepositories.InitAsync(_store, Options);
        _first = await TestRepositories.BackUpAsync(_repository, [Kept, Dropped]);
        await TestRepositories.BackUpAsync(_repository, [Kept]);
    }

    public ValueTask DisposeAsync() => _repository.DisposeAsync();

    [Fact]
    public async Task A_forgotten_snapshot_comes_back_whole_until_its_grace_is_over()
    {
        await _repository.Forgotten.ForgetAsync([_first.Id], TimeSpan.FromDays(7), Cancellation);
        Assert.Single(await _repository.ListSnapshotsAsync(Cancellation).ToListAsync(Cancellation));
        var listed = await _repository.Forgotten.ListAsync(Cancellation).SingleAsync(Cancellation);
        Assert.Equal((_first.Id, _first.Tree, TimeSpan.FromDays(7)), (listed.Id, listed.Snapshot!.Tree, listed.ExpiresAt - listed.ForgottenAt));
        foreach (var days in (int[])[0, 3, 3])
        {
            _clock.Step(TimeSpan.FromDays(days));
            var report = await _repository.PruneAsync(Strict, Cancellation);
            Assert.Equal((1, 0), (report.Plan.ForgottenKept, report.PacksDeleted));
            Assert.True(report.Plan.BytesHeldByForgotten > 0);
        }

        await _repository.Forgotten.UndeleteAsync(_first.Id, Cancellation);
        await _repository.Forgotten.UndeleteAsync(_first.Id, Cancellation); // As after an answer that was lost.
        Assert.Empty(await _repository.Forgotten.ListAsync(Cancellation).ToListAsync(Cancellation));
        Assert.Contains(await _repository.ListSnapshotsAsync(Cancellation).ToListAsync(Cancellation), snapshot => snapshot.Id == _first.Id);
        await AssertReadableAsync(Dropped);

        await _repository.Forgotten.ForgetAsync([_first.Id], TimeSpan.FromDays(7), Cancellation);
        _clock.Step(TimeSpan.FromDays(8));
        Assert.Equal(1, (await _repository.PruneAsync(Strict, Cancellation)).Plan.ForgottenDropped);
        var failure = await Assert.ThrowsAsync<RepositoryException>(() => _repository.Forgotten.UndeleteAsync(_first.Id, Cancellation));
        Assert.Equal(RepositoryFailure.SnapshotNotFound, failure.Failure);
        await PruneTests.AssertSoundAsync(_store);
    }

    [Fact]
    public async Task What_nothing_needs_leaves_the_index_at_once_and_the_store_after_its_grace()
    {
        await ForgetAsync();
        var packs = _store.Under("data/").Count;
        var marked = await _repository.PruneAsync(Strict, Cancellation);
        Assert.Equal((1, 0), (marked.PacksMarked > 0 ? 1 : 0, marked.PacksDeleted));
        Assert.Null(_repository.Blobs.Find(BlobType.Data, BlobId.Of(Dropped)));
        Assert.True(_store.Under("data/").Count >= packs);
        Assert.Single(_store.Under("stella/pending/"));

        _clock.Step(TimeSpan.FromHours(23));
        Assert.Equal((0, 0), await CountAsync());
        Assert.True((await PruneTests.AssertSoundAsync(_store)).UnindexedPacks > 0);
        _clock.Step(TimeSpan.FromHours(2));
        Assert.True((await CountAsync()).Deleted > 0);
        Assert.Empty(_store.Under("stella/"));
        Assert.Equal(0, (await PruneTests.AssertSoundAsync(_store)).UnindexedPacks);
    }

    [Fact]
    public async Task A_marked_pack_that_a_backup_with_an_old_index_needs_goes_back_into_the_index()
    {
        await using var late = await TestRepositories.OpenAsync(_store, Options);
        await ForgetAsync();
        await _repository.PruneAsync(Strict, Cancellation);

        // Its lock was taken for abandoned: it goes on with blobs that it found in the index an hour ago.
        await TestRepositories.BackUpAsync(late, [Dropped]);
        var damaged = await _repository.VerifyAsync(new VerifyRequest(), Cancellation);
        Assert.All(damaged.Damages, damage => Assert.Equal(DamageKind.NotIndexed, damage.Kind));
        Assert.NotEmpty(damaged.Damages);

        _clock.Step(TimeSpan.FromHours(25));
        Assert.True((await _repository.PruneAsync(Strict, Cancellation)).PacksRestored > 0);
        await PruneTests.AssertSoundAsync(_store);
        await AssertReadableAsync(Dropped);
        Assert.DoesNotContain((await _repository.PruneAsync(Strict, Cancellation)).Plan.Packs, row => row.Fate == PackFate.Restore);
    }

    [Fact]
    public async Task A_mark_does_not_count_once_its_pack_was_back_in_the_index()
    {
        await using var late = await TestRepositories.OpenAsync(_store, Options);
        await ForgetAsync();
        await _repository.PruneAsync(Strict, Cancellation);
        var again = await TestRepositories.BackUpAsync(late, [Dropped]);
        await _repository.PruneAsync(Strict, Cancellation);
        await _repository.Forgotten.ForgetAsync([again.Id], TimeSpan.Zero, Cancellation);
        _clock.Step(TimeSpan.FromHours(25));

        var pack = late.Blobs.Find(BlobType.Data, BlobId.Of(Dropped))!.Value.Pack.ToString();
        await _repository.PruneAsync(Strict, Cancellation);
        Assert.Contains($"data/{pack[..2]}/{pack}", _store.Keys); // Marked for the first time now: its day begins.
        _clock.Step(TimeSpan.FromHours(25));
        await _repository.PruneAsync(Strict, Cancellation);
        Assert.DoesNotContain($"data/{pack[..2]}/{pack}", _store.Keys);
    }

    [Fact]
    public async Task A_lost_index_file_is_made_anew_from_the_packs()
    {
        foreach (var key in _store.Under("index/"))
        {
            await _store.DeleteAsync(key, Cancellation);
        }

        Assert.True((await _repository.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero }, Cancellation)).PacksRestored > 0);
        await PruneTests.AssertSoundAsync(_store);
        await AssertReadableAsync(Dropped);
    }

    [Fact]
    public async Task A_lost_index_file_that_only_a_forgotten_snapshot_needs_is_made_anew_too()
    {
        var store = new MemoryStore();
        await using var repository = await TestRepositories.InitAsync(store, Options);
        var forgotten = await TestRepositories.BackUpAsync(repository, [Dropped]);
        var lost = Assert.Single(store.Under("index/"));
        await TestRepositories.BackUpAsync(repository, [Kept]);
        await repository.Forgotten.ForgetAsync([forgotten.Id], TimeSpan.FromDays(7), Cancellation);
        await store.DeleteAsync(lost, Cancellation);

        var report = await repository.PruneAsync(Strict, Cancellation);
        Assert.Empty(report.Plan.Warnings);
        Assert.True(report.PacksRestored > 0);
        _clock.Step(TimeSpan.FromHours(25));
        Assert.Equal(0, (await repository.PruneAsync(Strict, Cancellation)).PacksRestored);
        await repository.Forgotten.UndeleteAsync(forgotten.Id, Cancellation);
        await PruneTests.AssertSoundAsync(store);
        using var blob = await repository.Blobs.ReadAsync(BlobType.Data, BlobId.Of(Dropped), Cancellation);
        Assert.Equal(Dropped, blob.Memory.ToArray());
    }

    [Fact]
    public async Task A_damaged_or_swapped_record_is_named_and_never_becomes_a_snapshot()
    {
        var second = await TestRepositories.BackUpAsync(_repository, [TestRepositories.Content(5, 10)]);
        await _repository.Forgotten.ForgetAsync([_first.Id, second.Id], TimeSpan.FromDays(7), Cancellation);
        _store[$"stella/forgotten/{second.Id}"] = _store[$"stella/forgotten/{_first.Id}"];
        var listed = await _repository.Forgotten.ListAsync(Cancellation).ToDictionaryAsync(found => found.Id, cancellationToken: Cancellation);
        Assert.NotNull(listed[second.Id].Damage);
        Assert.Equal(RepositoryFailure.Damaged, (await Assert.ThrowsAsync<RepositoryException>(() => _repository.Forgotten.UndeleteAsync(second.Id, Cancellation))).Failure);

        Assert.Single((await _repository.PruneAsync(Strict, Cancellation)).Plan.Warnings);
        await _repository.Forgotten.UndeleteAsync(_first.Id, Cancellation);
        await PruneTests.AssertSoundAsync(_store);
    }

    [Fact]
    public async Task The_plan_says_what_happens_to_every_pack_and_why()
    {
        await ForgetAsync();
        PrunePlan? announced = null;
        var report = await _repository.PruneAsync(Strict with { OnPlanned = plan => announced = plan, DryRun = true }, Cancellation);
        Assert.Same(report.Plan, announced);
        Assert.Equal(_store.Under("data/").Count, report.Plan.Packs.Sum(row => row.Packs));
        Assert.Equal(_store.Under("data/").Sum(key => _store[key].LongLength), report.Plan.Packs.Sum(row => row.Bytes));
        Assert.All(report.Plan.Packs, row => Assert.NotEmpty(row.Why));
        Assert.Equal(report.Plan.BytesMarked, report.Plan.BytesOf(PackFate.Mark) + report.Plan.BytesOf(PackFate.Repack));
        Assert.Empty(_store.Under("stella/"));
    }

    private RepositoryOptions Options => TestRepositories.Cheap with { Clock = _clock };

    private Task ForgetAsync() => _repository.Forgotten.ForgetAsync([_first.Id], TimeSpan.Zero, Cancellation);

    private async Task<(long Marked, long Deleted)> CountAsync()
    {
        var report = await _repository.PruneAsync(Strict, Cancellation);
        return (report.PacksMarked, report.PacksDeleted);
    }

    private async Task AssertReadableAsync(byte[] content)
    {
        await _repository.LoadIndexAsync(Cancellation);
        using var blob = await _repository.Blobs.ReadAsync(BlobType.Data, BlobId.Of(content), Cancellation);
        Assert.Equal(content, blob.Memory.ToArray());
    }
}
