using System.Runtime.CompilerServices;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Queries;

/// <summary>What differs between two snapshots. Trees that are the same blob are the same and not read. The index has to be loaded.</summary>
public sealed class SnapshotDiff(ResticRepository repository)
{
    private readonly TreeReader _trees = new(repository.Blobs);

    /// <summary>Differences in order of their paths; of what exists on one side only, everything below it, too.</summary>
    /// <exception cref="RepositoryException">A tree is damaged.</exception>
    public async IAsyncEnumerable<Difference> RunAsync(Snapshot before, Snapshot after, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var open = new Stack<IEnumerator<(string Path, Node? Before, Node? After)>>();
        open.Push(await PairsAsync("", before.Tree, after.Tree, cancellationToken).ConfigureAwait(false));
        while (open.TryPeek(out var level))
        {
            if (!level.MoveNext())
            {
                open.Pop();
                continue;
            }

            var (path, old, now) = level.Current;
            if (Kind(old, now) is { } kind)
            {
                yield return new Difference(kind, path, old, now);
            }

            if (old?.Subtree != now?.Subtree)
            {
                open.Push(await PairsAsync(path, old?.Subtree, now?.Subtree, cancellationToken).ConfigureAwait(false));
            }
        }
    }

    private async Task<IEnumerator<(string, Node?, Node?)>> PairsAsync(string path, BlobId? before, BlobId? after, CancellationToken cancellationToken)
    {
        if (before == after)
        {
            return Enumerable.Empty<(string, Node?, Node?)>().GetEnumerator();
        }

        var old = before is { } one ? await _trees.ReadAsync(one, cancellationToken).ConfigureAwait(false) : Tree.Empty;
        var now = after is { } other ? await _trees.ReadAsync(other, cancellationToken).ConfigureAwait(false) : Tree.Empty;
        return Merge(path, old.Nodes, now.Nodes).GetEnumerator();
    }

    private static IEnumerable<(string Path, Node? Before, Node? After)> Merge(string path, IReadOnlyList<Node> before, IReadOnlyList<Node> after)
    {
        for (int i = 0, j = 0; i < before.Count || j < after.Count;)
        {
            var order = i == before.Count ? 1 : j == after.Count ? -1 : before[i].Name.CompareTo(after[j].Name);
            var old = order <= 0 ? before[i++] : null;
            var now = order >= 0 ? after[j++] : null;
            yield return ($"{path}/{(old ?? now)!.Name}", old, now);
        }
    }

    private static DifferenceKind? Kind(Node? before, Node? after) => (before, after) switch
    {
        (null, _) => DifferenceKind.Added,
        (_, null) => DifferenceKind.Removed,
        var (old, now) when old.Type != now.Type => DifferenceKind.TypeChanged,
        var (old, now) when !old.Content.SequenceEqual(now.Content) || old.LinkTarget != now.LinkTarget => DifferenceKind.ContentChanged,
        var (old, now) when !SameMetadata(old, now) => DifferenceKind.MetadataChanged,
        _ => null,
    };

    /// <summary>Access times and inode numbers are of the machine, not of the file.</summary>
    private static bool SameMetadata(Node before, Node after)
    {
        var (old, now) = (before.Metadata, after.Metadata);
        return old.Permissions == now.Permissions && old.Modified == now.Modified && old.UserId == now.UserId && old.GroupId == now.GroupId
            && old.Device == now.Device && old.ExtendedAttributes.Count == now.ExtendedAttributes.Count
            && old.ExtendedAttributes.Zip(now.ExtendedAttributes).All(pair => pair.First.Name == pair.Second.Name && pair.First.Value.Span.SequenceEqual(pair.Second.Value.Span));
    }
}

/// <summary>How an entry differs.</summary>
public enum DifferenceKind
{
    Added,
    Removed,
    TypeChanged,
    ContentChanged,
    MetadataChanged,
}

/// <summary>An entry that differs between two snapshots.</summary>
/// <param name="Kind">How.</param>
/// <param name="Path">From the root, starting with a slash.</param>
/// <param name="Before">In the first snapshot; null where it is not there.</param>
/// <param name="After">In the second.</param>
public readonly record struct Difference(DifferenceKind Kind, string Path, Node? Before, Node? After);
