using System.Globalization;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Cli.Repositories;

/// <summary>An entry of a snapshot in JSON. Sizes in bytes, modes in octal.</summary>
internal sealed record EntryView
{
    /// <summary>Id of the snapshot, where several are looked at.</summary>
    public string? Snapshot { get; init; }
    public required string Path { get; init; }

    /// <summary>restic's word: <c>file</c>, <c>dir</c>, <c>symlink</c>, <c>dev</c>, <c>chardev</c>, <c>fifo</c>, <c>socket</c>.</summary>
    public required string Type { get; init; }
    public required string Mode { get; init; }
    public required uint Uid { get; init; }
    public required uint Gid { get; init; }
    public string? User { get; init; }
    public string? Group { get; init; }
    public required long Size { get; init; }
    public required DateTimeOffset Modified { get; init; }
    public string? LinkTarget { get; init; }

    public static EntryView Of(TreeEntry entry, string? snapshot = null)
    {
        var metadata = entry.Node.Metadata;
        return new EntryView
        {
            Snapshot = snapshot,
            Path = entry.Path,
            Type = Word(entry.Node.Type),
            Mode = Convert.ToString(metadata.Permissions, 8).PadLeft(4, '0'),
            Uid = metadata.UserId,
            Gid = metadata.GroupId,
            User = metadata.User.Length > 0 ? metadata.User : null,
            Group = metadata.Group.Length > 0 ? metadata.Group : null,
            Size = entry.Node.Size,
            Modified = Time(metadata.Modified),
            LinkTarget = entry.Node.LinkTarget?.ToString(),
        };
    }

    /// <summary>As <c>ls -l</c> shows it.</summary>
    public string Line() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Letters()} {User ?? Uid.ToString(CultureInfo.InvariantCulture),-8} {Group ?? Gid.ToString(CultureInfo.InvariantCulture),-8} {Size,12} {Units.Time(Modified)} {OneLine(Path)}{(LinkTarget is null ? "" : $" -> {OneLine(LinkTarget)}")}");

    /// <summary>A name with a line feed must not look like two entries.</summary>
    public static string OneLine(string path) => path.AsSpan().ContainsAnyInRange('\0', '\x1f')
        ? string.Concat(path.Select(letter => letter < ' ' ? $"\\x{(int)letter:x2}" : letter.ToString()))
        : path;

    private static DateTimeOffset Time(UnixTime time) => time.Seconds is > -62_135_596_800 and < 253_402_300_800
        ? DateTimeOffset.FromUnixTimeSeconds(time.Seconds).AddTicks(time.Nanoseconds / 100)
        : default;

    private string Letters()
    {
        var mode = Convert.ToUInt32(Mode, 8);
        Span<char> letters = stackalloc char[10];
        letters[0] = Type switch { "dir" => 'd', "symlink" => 'l', "dev" => 'b', "chardev" => 'c', "fifo" => 'p', "socket" => 's', _ => '-' };
        for (var i = 0; i < 9; i++)
        {
            letters[1 + i] = (mode & (0x100u >> i)) != 0 ? "rwx"[i % 3] : '-';
        }

        SetSpecial(letters, 3, mode, 0x800, 's');
        SetSpecial(letters, 6, mode, 0x400, 's');
        SetSpecial(letters, 9, mode, 0x200, 't');
        return new string(letters);
    }

    private static void SetSpecial(Span<char> letters, int at, uint mode, uint bit, char letter)
    {
        if ((mode & bit) != 0)
        {
            letters[at] = letters[at] == 'x' ? letter : char.ToUpperInvariant(letter);
        }
    }

    private static string Word(NodeType type) => type switch
    {
        NodeType.File => "file",
        NodeType.Directory => "dir",
        NodeType.Symlink => "symlink",
        NodeType.BlockDevice => "dev",
        NodeType.CharacterDevice => "chardev",
        NodeType.Fifo => "fifo",
        _ => "socket",
    };
}
