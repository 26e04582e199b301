using System.Runtime.CompilerServices;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.Trees;

/// <summary>Looks into snapshots without restoring them.</summary>
public sealed class TreeReader(IBlobReader blobs)
{
    /// <summary>Reads one directory.</summary>
    /// <exception cref="RepositoryException">The blob is missing or damaged, or the tree is refused (<see cref="TreeCodec.Decode"/>).</exception>
    public async Task<Tree> ReadAsync(BlobId id, CancellationToken cancellationToken = default)
    {
        using var blob = await blobs.ReadAsync(BlobType.Tree, id, cancellationToken).ConfigureAwait(false);
        return TreeCodec.Decode(blob.Memory.Span);
    }

    /// <summary>The node at a path such as <c>/etc/hosts</c>; null when there is none.</summary>
    /// <param name="root">Root tree of the snapshot.</param>
    /// <param name="path">Names between slashes; <c>/</c> is the root, which is answered as a directory without metadata.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public async Task<Node?> FindAsync(BlobId root, string path, CancellationToken cancellationToken = default)
    {
        var node = new Node
        {
            Name = new EntryName("/"),
            Type = NodeType.Directory,
            Metadata = new NodeMetadata { Permissions = 0x1c0, Modified = default },
            Subtree = root,
        };
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (node.Subtree is not { } subtree)
            {
                return null;
            }

            var tree = await ReadAsync(subtree, cancellationToken).ConfigureAwait(false);
            if (tree.Find(new EntryName(name)) is not { } next)
            {
                return null;
            }

            node = next;
        }

        return node;
    }

    /// <summary>
    /// All nodes below a tree: a directory before its entries, entries in order of their names. Holds the trees from the root
    /// to the current directory, no more.
    /// </summary>
    public async IAsyncEnumerable<TreeEntry> WalkAsync(BlobId root, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var open = new Stack<(string Path, IEnumerator<Node> Nodes)>();
        open.Push(("", (await ReadAsync(root, cancellationToken).ConfigureAwait(false)).Nodes.GetEnumerator()));
        while (open.TryPeek(out var directory))
        {
            if (!directory.Nodes.MoveNext())
            {
                open.Pop();
                continue;
            }

            var node = directory.Nodes.Current;
            var path = $"{directory.Path}/{node.Name}";
            yield return new TreeEntry(path, node);
            if (node.Subtree is { } subtree)
            {
                open.Push((path, (await ReadAsync(subtree, cancellationToken).ConfigureAwait(false)).Nodes.GetEnumerator()));
            }
        }
    }
}

/// <summary>A node and where it lies.</summary>
/// <param name="Path">From the root, starting with a slash; bytes that are not UTF-8 show as U+FFFD.</param>
/// <param name="Node">The node.</param>
public readonly record struct TreeEntry(string Path, Node Node);
