using System.Runtime.CompilerServices;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Queries;

/// <summary>What lies in a snapshot. The index has to be loaded; memory is that of the trees from the root to the directory at work.</summary>
public sealed class SnapshotListing(ResticRepository repository)
{
    /// <summary>The entries of a directory in order of their names, or the one entry that is no directory.</summary>
    /// <param name="snapshot">Where to look.</param>
    /// <param name="path">Path inside the snapshot; <c>/</c> is everything.</param>
    /// <param name="recursive">Goes into directories, each before its entries.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.SnapshotNotFound"/>: no such path; or a damaged tree.</exception>
    public async IAsyncEnumerable<TreeEntry> ListAsync(
        Snapshot snapshot, string path, bool recursive, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var place = await SnapshotPath.FindAsync(repository, snapshot, path, cancellationToken).ConfigureAwait(false);
        if (place.Node.Subtree is not { } subtree)
        {
            yield return new TreeEntry(place.Path, place.Node);
            yield break;
        }

        var trees = new TreeReader(repository.Blobs);
        var above = place.Path == "/" ? "" : place.Path;
        if (recursive)
        {
            await foreach (var entry in trees.WalkAsync(subtree, cancellationToken).ConfigureAwait(false))
            {
                yield return entry with { Path = above + entry.Path };
            }

            yield break;
        }

        foreach (var node in (await trees.ReadAsync(subtree, cancellationToken).ConfigureAwait(false)).Nodes)
        {
            yield return new TreeEntry($"{above}/{node.Name}", node);
        }
    }
}
