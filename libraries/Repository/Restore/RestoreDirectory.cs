using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>A directory of the target at work; it stays open until its last entry is in place.</summary>
internal sealed class RestoreDirectory(OpenDirectory handle, Node? node, bool isNew, bool keepsMetadata, RestoreDirectory? parent, Tree tree)
{
    private readonly IEnumerator<Node> _entries = tree.Nodes.GetEnumerator();
    private int _open = 1; // the walk that is still in it

    public OpenDirectory Handle => handle;

    /// <summary>True when this restore made it: nothing is in it that it did not write.</summary>
    public bool IsNew => isNew;

    /// <summary>Whose metadata the directory gets at the end; null leaves it as it is.</summary>
    public Node? Metadata => keepsMetadata ? null : node;

    /// <summary>The backup could not list it: what the snapshot does not have of it may exist nowhere else.</summary>
    public bool IsUnread => node is { Error: not "" };

    public RestoreDirectory? Parent => parent;

    public Tree Tree => tree;

    /// <summary>Names from the target down; none for the target itself.</summary>
    public IReadOnlyList<EntryName> Names { get; } = parent is null ? [] : [.. parent.Names, node!.Name];

    /// <summary>Path relative to the target, empty for the target itself.</summary>
    public string Path { get; } = parent?.PathOf(node!.Name) ?? "";

    public string PathOf(EntryName name) => parent is null ? name.ToString() : $"{Path}/{name}";

    /// <summary>The next entry for the walk; null at the end.</summary>
    public Node? Next() => _entries.MoveNext() ? _entries.Current : null;

    /// <summary>One more entry is on its way.</summary>
    public void Expect() => Interlocked.Increment(ref _open);

    /// <summary>An entry, or the walk, is done with the directory. True for the last one.</summary>
    public bool Settle() => Interlocked.Decrement(ref _open) == 0;
}

/// <summary>A regular file to be restored.</summary>
/// <param name="Directory">Where.</param>
/// <param name="Node">What the snapshot holds.</param>
/// <param name="Name">Its name in the target.</param>
/// <param name="Transformed">Whether its content goes through the request's transform.</param>
internal sealed record RestoreFile(RestoreDirectory Directory, Node Node, EntryName Name, bool Transformed)
{
    /// <summary>Path in the target, relative to it.</summary>
    public string Path => Directory.PathOf(Name);

    /// <summary>True once this run has written it or found it equal; for good false where something else stands in its place.</summary>
    public bool IsRestored { get; set; }
}

/// <summary>A complete file under a temporary name, which gets its own name when its content is durable.</summary>
internal sealed record PendingFile(RestoreFile File, EntryName TemporaryName);
