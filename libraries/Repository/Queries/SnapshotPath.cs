using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Queries;

/// <summary>A place in a snapshot.</summary>
/// <param name="Path">From the root, starting with a slash and without one at its end.</param>
/// <param name="Node">What lies there; of the root a directory without metadata.</param>
public sealed record SnapshotPath(string Path, Node Node)
{
    /// <summary>Entries that a message about a wrong path lists.</summary>
    private const int Shown = 8;

    /// <summary>
    /// Finds a path such as <c>/etc/hosts</c>. A name whose bytes are not UTF-8 is found by the way it is shown, where only one entry is
    /// shown so. The index has to be loaded.
    /// </summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.SnapshotNotFound"/>: the message says what is there instead.</exception>
    public static async Task<SnapshotPath> FindAsync(
        ResticRepository repository, Snapshot snapshot, string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(repository);
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(path);
        var trees = new TreeReader(repository.Blobs);
        var found = new SnapshotPath("/", (await trees.FindAsync(snapshot.Tree, "/", cancellationToken).ConfigureAwait(false))!);
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (found.Node.Subtree is not { } subtree)
            {
                throw NotFound(snapshot, path, $"'{found.Path}' is not a directory");
            }

            var tree = await trees.ReadAsync(subtree, cancellationToken).ConfigureAwait(false);
            var node = Find(tree, name) ?? throw NotFound(snapshot, path, $"'{found.Path}' has {Some(tree)}");
            found = new SnapshotPath(found.Path == "/" ? $"/{name}" : $"{found.Path}/{name}", node);
        }

        return found;
    }

    private static Node? Find(Tree tree, string name) => tree.Find(new EntryName(name))
        ?? (tree.Nodes.Where(node => node.Name.ToString() == name).Take(2).ToList() is [var only] ? only : null);

    private static string Some(Tree tree)
    {
        var more = tree.Nodes.Count > Shown ? $" and {tree.Nodes.Count - Shown} more" : "";
        return tree.Nodes.Count == 0 ? "no entries" : string.Join(", ", tree.Nodes.Take(Shown).Select(node => node.Name)) + more;
    }

    private static RepositoryException NotFound(Snapshot snapshot, string path, string why) =>
        new(RepositoryFailure.SnapshotNotFound, $"snapshot {snapshot.Id.ToString()[..16]} has no '{path}': {why}");
}
