using System.Text;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Workers.Comparison;

/// <summary>A path from the top of what is compared, as bytes: names need not be UTF-8.</summary>
public sealed class RelativePath
{
    private readonly RelativePath? _parent;
    private readonly EntryName _name;

    private RelativePath(RelativePath? parent, EntryName name) => (_parent, _name) = (parent, name);

    /// <summary>The top itself: the empty path.</summary>
    public static RelativePath Top { get; } = new(null, default);

    /// <summary>An entry of the directory at this path.</summary>
    public RelativePath Below(EntryName name) => new(this, name);

    /// <summary>Names with slashes between.</summary>
    public byte[] ToBytes()
    {
        var length = -1;
        for (var at = this; at._parent is not null; at = at._parent)
        {
            length += at._name.Bytes.Length + 1;
        }

        var bytes = new byte[Math.Max(length, 0)];
        var end = bytes.Length;
        for (var at = this; at._parent is not null; at = at._parent)
        {
            end -= at._name.Bytes.Length;
            at._name.Bytes.CopyTo(bytes.AsSpan(end));
            if (--end >= 0)
            {
                bytes[end] = (byte)'/';
            }
        }

        return bytes;
    }

    /// <summary>For people: bytes that are not UTF-8 show as U+FFFD.</summary>
    public override string ToString() => Encoding.UTF8.GetString(ToBytes());
}
