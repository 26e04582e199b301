using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Reads all trees of a restore and refuses it when one is damaged or hostile, or a blob is not in the index.</summary>
internal sealed class RestorePlanner(IBlobReader blobs, RestoreTrees trees, RestoreRequest request)
{
    private readonly List<EntryName[]> _last = [];
    private readonly List<string> _damages = [];
    private long _files, _bytes;

    /// <param name="seen">Gets every file, with the names on its path; null where nobody wants them.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RepositoryException">
    /// <see cref="RepositoryFailure.SnapshotNotFound"/>: the snapshot has no such path. <see cref="RepositoryFailure.Damaged"/>,
    /// <see cref="RepositoryFailure.Hostile"/>.
    /// </exception>
    public async Task<RestorePlan> MakeAsync(Func<Node, EntryName[], ValueTask>? seen, CancellationToken cancellationToken)
    {
        var root = request.Snapshot.Tree;
        var top = await new TreeReader(blobs).FindAsync(root, request.Subtree, cancellationToken).ConfigureAwait(false)
            ?? throw new RepositoryException(RepositoryFailure.SnapshotNotFound, $"snapshot {request.Snapshot.Id} has no '{request.Subtree}'");
        var tree = top.Subtree is { } subtree ? await trees.ReadAsync(subtree, cancellationToken).ConfigureAwait(false) : new Tree([top]);
        CheckNames(tree, () => []);
        await WalkAsync(tree, seen, cancellationToken).ConfigureAwait(false);
        ThrowIfDamaged(_damages);
        var isRoot = request.Subtree.AsSpan().Trim('/').IsEmpty;
        return new RestorePlan
        {
            Top = isRoot || top.Subtree is null ? null : top,
            Tree = tree,
            Trees = trees,
            Files = _files,
            Bytes = _bytes,
            Last = _last,
        };
    }

    /// <summary>Throws one exception that lists all damages.</summary>
    public static void ThrowIfDamaged(IReadOnlyList<string> damages)
    {
        if (damages.Count > 0)
        {
            var more = damages.Count == 1 ? "" : $" (and {damages.Count - 1} more)";
            throw new RepositoryException(RepositoryFailure.Damaged, $"the snapshot cannot be restored whole: {damages[0]}{more}") { Details = damages };
        }
    }

    private async Task WalkAsync(Tree top, Func<Node, EntryName[], ValueTask>? seen, CancellationToken cancellationToken)
    {
        var open = new Stack<PlannedDirectory>();
        open.Push(new PlannedDirectory(default, top, trees));
        try
        {
            while (open.TryPeek(out var directory))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!directory.MoveNext(cancellationToken))
                {
                    open.Pop();
                    continue;
                }

                var node = directory.Current;
                EntryName[] Names() => [.. open.Reverse().Skip(1).Select(above => above.Name), node.Name];
                if (node.Type == NodeType.File)
                {
                    AddFile(node, Names);
                    if (seen is not null)
                    {
                        await seen(node, Names()).ConfigureAwait(false);
                    }
                }
                else if (directory.TakeTree() is { } reading && await TryReadAsync(reading, Names).ConfigureAwait(false) is { } tree)
                {
                    CheckNames(tree, Names);
                    open.Push(new PlannedDirectory(node.Name, tree, trees));
                }
            }
        }
        finally
        {
            await Task.WhenAll(open.Select(directory => directory.EndAsync())).ConfigureAwait(false);
        }
    }

    // What a transform makes of names has to be as usable and unique as the names of a tree.
    private void CheckNames(Tree tree, Func<EntryName[]> directory)
    {
        if (request.Transform is not { } transform)
        {
            return;
        }

        var names = new HashSet<EntryName>();
        foreach (var node in tree.Nodes)
        {
            var path = Show([.. directory(), node.Name]);
            var name = (node.Type == NodeType.File ? transform.NameOf(path, node) : null) ?? node.Name;
            if (!name.IsFileName || !names.Add(name))
            {
                throw new RepositoryException(RepositoryFailure.Hostile, $"'{path}' cannot be restored as '{name}': it is no file name, or another entry has it");
            }
        }
    }

    private async Task<Tree?> TryReadAsync(Task<Tree> reading, Func<EntryName[]> names)
    {
        try
        {
            return await reading.ConfigureAwait(false);
        }
        catch (RepositoryException e) when (e.Failure == RepositoryFailure.Damaged)
        {
            _damages.Add($"{Show(names())}: {e.Message}");
            return null;
        }
    }

    private void AddFile(Node file, Func<EntryName[]> names)
    {
        _files++;
        _bytes += file.Size;
        long length = 0;
        foreach (var id in file.Content)
        {
            if (blobs.Find(BlobType.Data, id) is not { } location)
            {
                _damages.Add($"{Show(names())}: blob {id} is missing");
                return;
            }

            length += location.PlainLength;
        }

        if (length != file.Size)
        {
            _damages.Add($"{Show(names())}: its blobs have {length} bytes, the file has {file.Size}");
        }

        if (request.WriteLast is { } last && last(Show(names())))
        {
            _last.Add([.. names()[..^1], request.Transform?.NameOf(Show(names()), file) ?? file.Name]);
        }
    }

    /// <summary>A path for messages and rules.</summary>
    internal static string Show(EntryName[] names) => string.Join('/', names);
}
