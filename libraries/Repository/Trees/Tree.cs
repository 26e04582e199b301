using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.Trees;

/// <summary>Entries of one directory, in ascending order of the names' bytes, each name once.</summary>
public sealed class Tree
{
    /// <summary>A directory without entries.</summary>
    public static Tree Empty { get; } = new([]);

    private readonly IReadOnlyList<Node> _nodes;

    internal Tree(IReadOnlyList<Node> ordered) => _nodes = ordered;

    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>The entry of that name; null when there is none.</summary>
    public Node? Find(EntryName name)
    {
        var (low, high) = (0, _nodes.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = _nodes[middle].Name.CompareTo(name);
            if (order == 0)
            {
                return _nodes[middle];
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return null;
    }
}
