using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Repository.Tests.Models;

/// <summary>A repository, and what it has to hold. Operations that run at the same time may note their outcomes at the same time.</summary>
internal sealed class ModelRepository(MemoryStore store)
{
    private readonly Dictionary<BlobId, ModelTree> _committed = [];

    /// <summary>Trees of operations that did not answer: their snapshots may be there.</summary>
    private readonly List<ModelTree> _unanswered = [];

    /// <summary>Snapshots of a forget that did not answer: they may be gone.</summary>
    private readonly HashSet<BlobId> _doomed = [];

    /// <summary>Forgotten with a grace that no run lives to see the end of, once at least.</summary>
    private readonly Dictionary<BlobId, ModelTree> _forgotten = [];

    internal MemoryStore Store => store;

    /// <summary>All of these open it; others may, too.</summary>
    internal List<string> Passwords { get; } = [TestRepositories.Password];

    /// <summary>Snapshots that somebody was told are durable, with their content.</summary>
    internal IReadOnlyDictionary<BlobId, ModelTree> Committed => _committed;

    /// <summary>What can be brought back where it is not there.</summary>
    internal IReadOnlyDictionary<BlobId, ModelTree> Forgotten => _forgotten;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal void Expect(ModelTree tree) => _unanswered.Add(tree);

    internal void Commit(BlobId id, ModelTree tree)
    {
        lock (_committed)
        {
            _committed.Add(id, tree);
            _unanswered.Remove(tree);
        }
    }

    internal void Doom(IReadOnlyCollection<BlobId> snapshots, bool canComeBack)
    {
        _doomed.UnionWith(snapshots);
        foreach (var id in snapshots)
        {
            _forgotten.Remove(id);
            if (canComeBack)
            {
                _forgotten[id] = _committed[id];
            }
        }
    }

    internal void Drop(IEnumerable<BlobId> snapshots)
    {
        foreach (var id in snapshots)
        {
            _committed.Remove(id);
            _doomed.Remove(id);
        }
    }

    /// <summary>Looks at everything, when no operation is under way.</summary>
    internal async Task CompareAsync(string password, RepositoryOptions options)
    {
        await using var repository = await ResticRepository.OpenAsync(store, password, options, Cancellation);
        Assert.Empty((await repository.CheckAsync(Cancellation)).Damages);
        var listed = await repository.ListSnapshotsAsync(Cancellation).ToDictionaryAsync(snapshot => snapshot.Id, cancellationToken: Cancellation);
        Assert.Empty(_committed.Keys.Except(listed.Keys).Except(_doomed));
        Drop(_doomed.Where(id => !listed.ContainsKey(id)).ToList());
        await repository.LoadIndexAsync(Cancellation);
        foreach (var snapshot in listed.Values)
        {
            var held = await ModelTree.ReadAsync(repository, snapshot, Cancellation);
            if (_committed.TryGetValue(snapshot.Id, out var expected) || _forgotten.TryGetValue(snapshot.Id, out expected))
            {
                _committed[snapshot.Id] = expected; // It may have been brought back by an undelete that did not answer.
                Assert.Equal(expected, held);
            }
            else
            {
                Assert.True(_unanswered.Remove(held), "a snapshot has a content that nobody saved");
                _committed[snapshot.Id] = held;
            }
        }

        // Every process has ended: what did not happen until now never will.
        _unanswered.Clear();
        _doomed.Clear();
    }

    /// <summary>Reads every byte, and finds no leftovers.</summary>
    internal async Task VerifyAsync(string password, RepositoryOptions options)
    {
        await using var repository = await ResticRepository.OpenAsync(store, password, options, Cancellation);
        var report = await repository.VerifyAsync(new VerifyRequest(), Cancellation);
        Assert.Empty(report.Damages);
        Assert.Equal(0, report.UnindexedPacks);
        Assert.Empty(store.Under("locks/"));
        Assert.Empty(store.Under("stella/forgotten/"));
        Assert.Empty(store.Under("stella/pending/"));
    }
}
