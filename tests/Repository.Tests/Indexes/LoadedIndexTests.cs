using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Pruning;
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
