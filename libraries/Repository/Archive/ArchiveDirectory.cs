using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>A directory at work: its entries as listed, and the nodes that they became so far.</summary>
internal sealed class ArchiveDirectory
{
    private readonly Node?[] _nodes;
    private int _open;
    private int _next;

    public ArchiveDirectory(SourceEntry entry, IReadOnlyList<SourceEntry> entries, Node? before, TreeBefore treeBefore, (ArchiveDirectory Directory, int Slot)? parent)
    {
        (Entry, Entries, Before, TreeBefore, Parent) = (entry, entries, before, treeBefore, parent);
        Path = parent is { } above ? $"{above.Directory.Path}/{entry.Name}" : "";
        _nodes = new Node?[entries.Count];
        _open = entries.Count + 1; // one for the walk that is still in it
    }

    public SourceEntry Entry { get; }

    public IReadOnlyList<SourceEntry> Entries { get; }

    /// <summary>The directory's node in the parent snapshot.</summary>
    public Node? Before { get; }

    /// <summary>Its tree in the parent snapshot.</summary>
    public TreeBefore TreeBefore { get; private set; }

    /// <summary>The entry's node in the parent snapshot; null when there is none.</summary>
    public Node? NodeBefore(EntryName name) => TreeBefore.Tree.Find(name);

    /// <summary>The directory above, and the place of this one in it; null for the root.</summary>
    public (ArchiveDirectory Directory, int Slot)? Parent { get; }

    /// <summary>Absolute path without a slash at the end, for people.</summary>
    public string Path { get; }

    public string PathOf(int slot) => $"{Path}/{Entries[slot].Name}";

    /// <summary>The next entry for the walk; -1 at the end.</summary>
    public int Next() => _next < Entries.Count ? _next++ : -1;

    /// <summary>Settles an entry, or with -1 the walk.</summary>
    /// <param name="slot">Place of the entry.</param>
    /// <param name="node">What it became, the parent's very node where nothing changed; null leaves it out.</param>
    /// <returns>True for the one call that settled the last of them.</returns>
    public bool Settle(int slot, Node? node)
    {
        if (slot >= 0)
        {
            _nodes[slot] = node;
        }

        return Interlocked.Decrement(ref _open) == 0;
    }

    /// <summary>The tree in the parent snapshot when these nodes are its nodes: nothing has to be saved then.</summary>
    public BlobId? SameTree(List<Node> ordered)
    {
        var before = TreeBefore.Tree.Nodes;
        if (before.Count != ordered.Count)
        {
            return null;
        }

        for (var i = 0; i < before.Count; i++)
        {
            if (!ReferenceEquals(before[i], ordered[i]))
            {
                return null;
            }
        }

        return TreeBefore.Id;
    }

    /// <summary>Lets the parent's tree go, when nothing is compared with it any more: it has the ids of all blobs of all files, as the new one has.</summary>
    public void ForgetBefore() => TreeBefore = TreeBefore.None;

    /// <summary>All nodes in the order of a tree; only after everything settled.</summary>
    public List<Node> OrderedNodes()
    {
        var nodes = new List<Node>(_nodes.Length);
        nodes.AddRange(_nodes.OfType<Node>());
        nodes.Sort(static (left, right) => left.Name.CompareTo(right.Name));
        return nodes;
    }
}
