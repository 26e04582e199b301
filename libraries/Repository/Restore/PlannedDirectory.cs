using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>A directory through which a planner walks: the next trees below it are read while it looks at the current one.</summary>
/// <param name="name">The directory's own.</param>
/// <param name="tree">Its entries.</param>
/// <param name="trees">Where those below come from.</param>
internal sealed class PlannedDirectory(EntryName name, Tree tree, RestoreTrees trees)
{
    /// <summary>Trees that are read ahead; long ones one at a time, as they take the most memory.</summary>
    private const int Ahead = 4, Long = 1 << 20;

    private readonly Queue<Task<Tree>> _ahead = [];
    private int _current = -1, _started;

    public EntryName Name => name;

    public Node Current => tree.Nodes[_current];

    /// <summary>The tree below a node; null when it is no directory.</summary>
    private static BlobId? Below(Node node) => node.Type == NodeType.File ? null : node.Subtree;

    /// <summary>Goes to the next entry; false at the end.</summary>
    public bool MoveNext(CancellationToken cancellationToken)
    {
        if (++_current == tree.Nodes.Count)
        {
            return false;
        }

        for (; _started < tree.Nodes.Count && _ahead.Count < Ahead; _started++)
        {
            if (Below(tree.Nodes[_started]) is not { } next)
            {
                continue;
            }

            if (_ahead.Count > 0 && trees.LengthOf(next) > Long)
            {
                break;
            }

            _ahead.Enqueue(Task.Run(() => trees.ReadAsync(next, cancellationToken), cancellationToken));
        }

        return true;
    }

    /// <summary>The tree below the current entry; null when it is no directory. To be called once for each entry.</summary>
    /// <exception cref="RepositoryException">As <see cref="TreeReader.ReadAsync"/>.</exception>
    public Task<Tree>? TakeTree() => Below(Current) is null ? null : _ahead.Dequeue();

    /// <summary>Waits for what was begun and is not wanted any more.</summary>
    public Task EndAsync() => Task.WhenAll(_ahead).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
