using System.Runtime.CompilerServices;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Queries;

/// <summary>
/// Finds entries by a pattern, as <see cref="LocalFileSourceOptions.Exclude"/> has them: names, or with a slash whole paths. Snapshots
/// share most of their trees: of a pattern of names, a tree in which nothing matched is not read again.
/// </summary>
public sealed class PathSearch
{
    private readonly TreeReader _trees;
    private readonly ExcludePatterns _pattern;
    private readonly bool _byName;
    private readonly HashSet<BlobId> _barren = [];

    /// <param name="repository">Its index has to be loaded.</param>
    /// <param name="pattern">What to look for.</param>
    public PathSearch(ResticRepository repository, string pattern)
    {
        ArgumentNullException.ThrowIfNull(repository);
        ArgumentException.ThrowIfNullOrEmpty(pattern);
        (_trees, _pattern, _byName) = (new TreeReader(repository.Blobs), new ExcludePatterns([pattern]), !pattern.Contains('/', StringComparison.Ordinal));
    }

    /// <summary>Matches in a snapshot, a directory before its entries.</summary>
    /// <exception cref="RepositoryException">A tree is damaged.</exception>
    public async IAsyncEnumerable<TreeEntry> FindAsync(Snapshot snapshot, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var open = new Stack<Level>();
        await OpenAsync(open, "", snapshot.Tree, cancellationToken).ConfigureAwait(false);
        while (open.TryPeek(out var level))
        {
            if (!level.Nodes.MoveNext())
            {
                Close(open);
                continue;
            }

            var node = level.Nodes.Current;
            if (_pattern.Matches(level.Path, node.Name.ToString()))
            {
                level.Found = true;
                yield return new TreeEntry($"{level.Path}/{node.Name}", node);
            }

            if (node.Subtree is { } subtree && !_barren.Contains(subtree))
            {
                await OpenAsync(open, $"{level.Path}/{node.Name}", subtree, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task OpenAsync(Stack<Level> open, string path, BlobId tree, CancellationToken cancellationToken)
    {
        if (!_barren.Contains(tree))
        {
            open.Push(new Level(path, tree, (await _trees.ReadAsync(tree, cancellationToken).ConfigureAwait(false)).Nodes.GetEnumerator()));
        }
    }

    private void Close(Stack<Level> open)
    {
        var done = open.Pop();
        if (!done.Found && _byName)
        {
            _barren.Add(done.Tree);
        }

        if (done.Found && open.TryPeek(out var above))
        {
            above.Found = true;
        }
    }

    private sealed class Level(string path, BlobId tree, IEnumerator<Node> nodes)
    {
        public string Path => path;

        public BlobId Tree => tree;

        public IEnumerator<Node> Nodes => nodes;

        public bool Found { get; set; }
    }
}
