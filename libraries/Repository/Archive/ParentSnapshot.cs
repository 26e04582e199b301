using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>The snapshot whose files need not be read again when nothing about them changed.</summary>
internal sealed class ParentSnapshot(ArchiveRequest request, TreeReader trees, IBlobWriter writer)
{
    // Times of files advance in steps, of up to two seconds on some file systems. A file that changed right before or while
    // the parent was made may have changed once more within the same step, after it was read.
    private static readonly TimeSpan CoarsestStep = TimeSpan.FromSeconds(2);

    private readonly UnixTime _trustedBefore = request.Parent is null ? default : UnixTime.From(request.TrustedBefore ?? request.Parent.Time - CoarsestStep);

    public ValueTask<TreeBefore> RootAsync(CancellationToken cancellationToken) => ReadAsync(request.Parent?.Tree, cancellationToken);

    /// <summary>A tree of the parent; none when there is none, or when it is lost: then the files are read again, which heals it.</summary>
    public async ValueTask<TreeBefore> ReadAsync(BlobId? tree, CancellationToken cancellationToken)
    {
        if (tree is not { } id)
        {
            return TreeBefore.None;
        }

        try
        {
            return new TreeBefore(id, await trees.ReadAsync(id, cancellationToken).ConfigureAwait(false));
        }
        catch (RepositoryException)
        {
            return TreeBefore.None;
        }
    }

    /// <summary>The file's node in the parent when its content must be the same and is all there; else null.</summary>
    public Node? FindUnchanged(SourceEntry entry, Node? before)
    {
        if (!entry.TrustMetadata || before is not { Type: NodeType.File, Error: "" } node)
        {
            return null;
        }

        var (now, then) = (entry.Metadata, node.Metadata);
        var same = node.Size == entry.Size && then.Modified == now.Modified && then.Changed == now.Changed && then.Inode == now.Inode;
        var lastChange = now.Changed == default ? now.Modified : now.Changed;
        return same && lastChange < _trustedBefore && node.Content.All(id => writer.Contains(BlobType.Data, id)) ? node : null;
    }
}

/// <summary>A directory's tree in the parent snapshot.</summary>
/// <param name="Id">Its blob; null without one that can be read.</param>
/// <param name="Tree">Its nodes; empty without one.</param>
internal readonly record struct TreeBefore(BlobId? Id, Tree Tree)
{
    public static TreeBefore None { get; } = new(null, Tree.Empty);
}
