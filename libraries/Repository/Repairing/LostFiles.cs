using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Repairing;

/// <summary>Paths of what needs lost blobs. Trees that need none are looked at once, whatever number of snapshots shares them.</summary>
internal sealed class LostFiles(IBlobReader blobs, IReadOnlySet<(BlobType Type, BlobId Id)> lost)
{
    /// <summary>Paths that are named; the rest only makes a report unreadable.</summary>
    internal const int Most = 1_000;

    private readonly TreeReader _trees = new(blobs);
    private readonly HashSet<BlobId> _clean = [];
    private readonly List<((BlobType, BlobId) Blob, string Path)> _found = [];

    /// <returns>Paths, each with the blob that it needs.</returns>
    internal async Task<ILookup<(BlobType, BlobId), string>> FindAsync(IEnumerable<Snapshot> snapshots, CancellationToken cancellationToken)
    {
        foreach (var snapshot in snapshots)
        {
            await SearchAsync(snapshot.Tree, $"{snapshot.Id}:", cancellationToken).ConfigureAwait(false);
        }

        return _found.ToLookup(found => found.Blob, found => found.Path);
    }

    /// <returns>True when nothing below the tree is lost.</returns>
    private async Task<bool> SearchAsync(BlobId id, string path, CancellationToken cancellationToken)
    {
        if (_clean.Contains(id) || _found.Count >= Most)
        {
            return _clean.Contains(id);
        }

        if (lost.Contains((BlobType.Tree, id)))
        {
            _found.Add(((BlobType.Tree, id), $"{path}/"));
            return false;
        }

        var clean = true;
        foreach (var node in (await _trees.ReadAsync(id, cancellationToken).ConfigureAwait(false)).Nodes)
        {
            var missing = node.Content.Where(blob => lost.Contains((BlobType.Data, blob))).Distinct().ToList();
            _found.AddRange(missing.Select(blob => ((BlobType.Data, blob), $"{path}/{node.Name}")));
            clean &= missing.Count == 0;
            if (node.Subtree is { } subtree)
            {
                clean &= await SearchAsync(subtree, $"{path}/{node.Name}", cancellationToken).ConfigureAwait(false);
            }
        }

        if (clean)
        {
            _clean.Add(id);
        }

        return clean;
    }
}
