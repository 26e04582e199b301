using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Indexes;

namespace StellaOps.Backup.Repository.Checking;

/// <summary>Walks all trees below some roots, level by level, each once, several at a time.</summary>
internal sealed class TreeWalk(BlobReader reader, BlobIndex index, int readers)
{
    /// <param name="roots">Root trees of snapshots.</param>
    /// <param name="visited">Called for each tree that could be read, by several threads.</param>
    /// <param name="cancellationToken">Stops between two trees.</param>
    /// <returns>Everything that the trees need, with themselves.</returns>
    internal Task<UsedBlobs> RunAsync(IEnumerable<BlobId> roots, Action<BlobId, TreeReferences>? visited, CancellationToken cancellationToken) =>
        RunAsync(roots, new UsedBlobs(index), visited, cancellationToken);

    /// <summary>Goes on from what other roots need: what is marked already is not walked again.</summary>
    internal async Task<UsedBlobs> RunAsync(
        IEnumerable<BlobId> roots, UsedBlobs used, Action<BlobId, TreeReferences>? visited, CancellationToken cancellationToken)
    {
        var level = roots.Where(root => used.Mark(BlobType.Tree, root) && index.Contains(BlobType.Tree, root)).ToList();
        var options = new ParallelOptions { MaxDegreeOfParallelism = readers, CancellationToken = cancellationToken };
        while (level.Count > 0)
        {
            var next = new ConcurrentBag<BlobId>();
            await Parallel.ForEachAsync(level, options, async (tree, token) =>
            {
                if (await TryReadAsync(tree, used, token).ConfigureAwait(false) is { } references)
                {
                    visited?.Invoke(tree, references);
                    Mark(references, used, next);
                }
            }).ConfigureAwait(false);
            level = [.. next];
        }

        return used;
    }

    private void Mark(TreeReferences references, UsedBlobs used, ConcurrentBag<BlobId> next)
    {
        foreach (var id in references.Data)
        {
            used.Mark(BlobType.Data, id);
        }

        foreach (var id in references.Trees)
        {
            if (used.Mark(BlobType.Tree, id) && index.Contains(BlobType.Tree, id))
            {
                next.Add(id);
            }
        }
    }

    private async ValueTask<TreeReferences?> TryReadAsync(BlobId tree, UsedBlobs used, CancellationToken cancellationToken)
    {
        try
        {
            using var content = await reader.ReadAsync(BlobType.Tree, tree, cancellationToken).ConfigureAwait(false);
            return TreeReferences.Read(content.Memory.Span);
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Damaged)
        {
            used.UnreadableTrees[tree] = exception.Message;
            return null;
        }
    }
}
