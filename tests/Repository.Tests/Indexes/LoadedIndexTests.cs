using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Indexes;

public sealed class LoadedIndexTests : IAsyncDisposable
{
    private readonly MemoryStore _store = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task Loading_again_reads_only_the_index_files_that_are_new()
    {
        await using var other = await TestRepositories.InitAsync(_store);
        var first = await TestRepositories.BackUpAsync(other, [TestRepositories.Content(1, 1000)]);
        await using var repository = await TestRepositories.OpenAsync(_store);
        var read = Assert.Single(_store.Under("index/"));

        var second = await TestRepositories.BackUpAsync(other, [TestRepositories.Content(3, 1000)]);
        _store[read][20] ^= 1; // Whoever read it again would notice.
        await repository.LoadIndexAsync(Cancellation);
        Assert.All([first, second], snapshot => Assert.NotNull(repository.Blobs.Find(BlobType.Tree, snapshot.Tree)));

        await using var anew = await ResticRepository.OpenAsync(_store, TestRepositories.Password, TestRepositories.Cheap, Cancellation);
        await Assert.ThrowsAsync<RepositoryException>(() => anew.LoadIndexAsync(Cancellation));
    }

    [Fact]
    public async Task Blobs_that_a_prune_elsewhere_removed_are_known_no_more()
    {
        await using var other = await TestRepositories.InitAsync(_store);
        var gone = await TestRepositories.BackUpAsync(other, [TestRepositories.Content(1, 1000)]);
        var stays = await TestRepositories.BackUpAsync(other, [TestRepositories.Content(3, 1000)]);
        await using var repository = await TestRepositories.OpenAsync(_store);

        await _store.DeleteAsync($"snapshots/{gone.Id}", Cancellation);
        await other.PruneAsync(new PruneOptions { Grace = TimeSpan.Zero }, Cancellation);
        await repository.LoadIndexAsync(Cancellation);
        Assert.Null(repository.Blobs.Find(BlobType.Tree, gone.Tree));
        Assert.NotNull(repository.Blobs.Find(BlobType.Tree, stays.Tree));
    }

    [Theory]
    [InlineData("load")]
    [InlineData("check")]
    [InlineData("verify")]
    public async Task Index_files_that_a_prune_replaces_while_they_are_read_without_a_lock_are_no_damage(string work)
    {
        await using var other = await TestRepositories.InitAsync(_store);
        var snapshot = await TestRepositories.BackUpAsync(other, [TestRepositories.Content(1, 1000)]);
        for (var i = 1; i < 12; i++)
        {
            await TestRepositories.BackUpAsync(other, [TestRepositories.Content(2 * i + 1, 1000)]);
        }

        await using var pruned = new FaultyStore(_store, new FaultRule(Fault.Delay)
        {
            Matches = call => call.Kind == StoreCallKind.Find && call.Key.StartsWith("index/", StringComparison.Ordinal),
            Delay = async _ => Assert.True((await other.PruneAsync(cancellationToken: Cancellation)).PacksRepacked > 0),
        });
        await using var repository = await ResticRepository.OpenAsync(pruned, TestRepositories.Password, TestRepositories.Cheap, Cancellation);
        switch (work)
        {
            case "check":
                Assert.Empty((await repository.CheckAsync(Cancellation)).Damages);
                break;
            case "verify":
                Assert.Empty((await repository.VerifyAsync(new VerifyRequest { Snapshots = [snapshot.Id] }, Cancellation)).Damages);
                break;
            default:
                await repository.LoadIndexAsync(Cancellation);
                Assert.NotNull(repository.Blobs.Find(BlobType.Tree, snapshot.Tree));
                break;
        }

        Assert.True(pruned.Struck);
        Assert.Single(_store.Under("index/"));
    }

    [Fact]
    public async Task An_index_file_that_is_listed_and_never_there_is_damage()
    {
        await using var other = await TestRepositories.InitAsync(_store);
        await TestRepositories.BackUpAsync(other, [TestRepositories.Content(1, 1000)]);
        await using var store = new FaultyStore(_store, new FaultRule(Fault.FailAlways)
        {
            Matches = call => call.Kind == StoreCallKind.Find && call.Key.StartsWith("index/", StringComparison.Ordinal),
            Failure = StorageFailure.NotFound,
        });
        await using var repository = await ResticRepository.OpenAsync(store, TestRepositories.Password, TestRepositories.Cheap, Cancellation);
        Assert.Equal(RepositoryFailure.Damaged, (await Assert.ThrowsAsync<RepositoryException>(() => repository.LoadIndexAsync(Cancellation))).Failure);
        Assert.Contains((await repository.CheckAsync(Cancellation)).Damages, damage => damage.Kind == DamageKind.Index);
    }

    [Fact]
    public async Task Blobs_of_a_writer_that_gave_up_are_known_no_more()
    {
        await using var repository = await TestRepositories.InitAsync(_store);
        await TestRepositories.BackUpAsync(repository, [TestRepositories.Content(1, 1000)]);
        await repository.LoadIndexAsync(Cancellation);
        var content = TestRepositories.Content(5, 2 * TestRepositories.Cheap.PackTarget);
        var packs = _store.Under("data/").Count;
        await using (var writer = repository.CreateWriter())
        {
            await writer.SaveAsync(BlobType.Data, content, Cancellation);
            while (_store.Under("data/").Count == packs || repository.Blobs.Find(BlobType.Data, BlobId.Of(content)) is null)
            {
                await Task.Delay(5, Cancellation); // Its pack is on its way, and then known to this process alone.
            }
        }

        await repository.LoadIndexAsync(Cancellation);
        Assert.Null(repository.Blobs.Find(BlobType.Data, BlobId.Of(content)));
    }
}
