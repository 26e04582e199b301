using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.Trees;

/// <summary>restic's words for node types.</summary>
internal static class NodeTypes
{
    public static ReadOnlySpan<byte> NameOf(NodeType type) => type switch
    {
        NodeType.File => "file"u8,
        NodeType.Directory => "dir"u8,
        NodeType.Symlink => "symlink"u8,
        NodeType.BlockDevice => "dev"u8,
        NodeType.CharacterDevice => "chardev"u8,
        NodeType.Fifo => "fifo"u8,
        NodeType.Socket => "socket"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    public static NodeType? Find(ReadOnlySpan<byte> name)
    {
        foreach (var type in Enum.GetValues<NodeType>())
        {
            if (name.SequenceEqual(NameOf(type)))
            {
                return type;
            }
        }

        return null;
    }
}
