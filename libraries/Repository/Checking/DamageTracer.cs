using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Repository.Checking;

/// <summary>
/// From damaged blobs to the snapshots that need them: one walk over all trees notes who refers to whom, then each damage is
/// followed upwards to the roots.
/// </summary>
internal sealed class DamageTracer
{
    private readonly HashSet<BlobId> _damagedData;
    private readonly ConcurrentDictionary<(BlobType, BlobId), ConcurrentBag<BlobId>> _parents = new();
    private readonly ILookup<BlobId, BlobId> _snapshotsByRoot;

    private DamageTracer(IEnumerable<(BlobType Type, BlobId Id)> damaged, IEnumerable<Snapshot> snapshots)
    {
        _damagedData = [.. damaged.Where(blob => blob.Type == BlobType.Data).Select(blob => blob.Id)];
        _snapshotsByRoot = snapshots.ToLookup(snapshot => snapshot.Tree, snapshot => snapshot.Id);
    }

    internal static async Task<DamageTracer> RunAsync(
        TreeWalk walk, IReadOnlyCollection<Snapshot> snapshots, IEnumerable<(BlobType, BlobId)> damaged, CancellationToken cancellationToken)
    {
        var tracer = new DamageTracer(damaged, snapshots);
        await walk.RunAsync(snapshots.Select(snapshot => snapshot.Tree), tracer.Note, cancellationToken).ConfigureAwait(false);
        return tracer;
    }

    /// <summary>Snapshots that need any of these blobs.</summary>
    internal IReadOnlyList<BlobId> SnapshotsThatNeed(IEnumerable<(BlobType Type, BlobId Id)> blobs)
    {
        var found = new HashSet<BlobId>();
        var seen = new HashSet<(BlobType, BlobId)>();
        var waiting = new Stack<(BlobType Type, BlobId Id)>(blobs);
        while (waiting.TryPop(out var blob))
        {
            if (!seen.Add(blob))
            {
                continue;
            }

            found.UnionWith(blob.Type == BlobType.Tree ? _snapshotsByRoot[blob.Id] : []);
            foreach (var parent in _parents.GetValueOrDefault(blob) ?? [])
            {
                waiting.Push((BlobType.Tree, parent));
            }
        }

        return [.. found.Order()];
    }

    private void Note(BlobId tree, TreeReferences references)
    {
        foreach (var id in references.Trees)
        {
            _parents.GetOrAdd((BlobType.Tree, id), _ => []).Add(tree);
        }

        foreach (var id in references.Data)
        {
            if (_damagedData.Contains(id))
            {
                _parents.GetOrAdd((BlobType.Data, id), _ => []).Add(tree);
            }
        }
    }
}
