using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.Trees;

/// <summary>The bits of Go's <c>os.FileMode</c>, in which trees keep permissions and type.</summary>
internal static class GoFileMode
{
    private const uint Setuid = 1u << 23, Setgid = 1u << 22, Sticky = 1u << 20;

    /// <summary>Go's mode of a type and <c>st_mode &amp; 07777</c>.</summary>
    public static uint From(NodeType type, uint permissions) =>
        TypeBits(type)
        | (permissions & 0x1ff)
        | ((permissions & 0x800) != 0 ? Setuid : 0)
        | ((permissions & 0x400) != 0 ? Setgid : 0)
        | ((permissions & 0x200) != 0 ? Sticky : 0);

    /// <summary><c>st_mode &amp; 07777</c> of Go's mode.</summary>
    public static uint Permissions(uint mode) =>
        (mode & 0x1ff)
        | ((mode & Setuid) != 0 ? 0x800u : 0)
        | ((mode & Setgid) != 0 ? 0x400u : 0)
        | ((mode & Sticky) != 0 ? 0x200u : 0);

    private static uint TypeBits(NodeType type) => type switch
    {
        NodeType.Directory => 1u << 31,
        NodeType.Symlink => 1u << 27,
        NodeType.BlockDevice => 1u << 26,
        NodeType.CharacterDevice => (1u << 26) | (1u << 21),
        NodeType.Fifo => 1u << 25,
        NodeType.Socket => 1u << 24,
        _ => 0,
    };
}
