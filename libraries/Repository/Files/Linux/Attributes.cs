using System.Text;

namespace StellaOps.Backup.Repository.Files.Linux;

/// <summary>Extended attributes of a file or link (xattr(7)).</summary>
internal static unsafe class Attributes
{
    /// <summary>Reads all that are visible, in the kernel's order; false leaves the reason in <see cref="LinuxError.Last"/>.</summary>
    public static bool TryRead(byte[] path, bool follow, out IReadOnlyList<ExtendedAttribute> attributes)
    {
        attributes = [];
        if (!TryReadNames(path, follow, out var names))
        {
            return LinuxError.Last == LinuxError.NotSupported;
        }

        if (names.Count == 0)
        {
            return true;
        }

        var found = new List<ExtendedAttribute>(names.Count);
        foreach (var name in names)
        {
            var value = Grow((buffer, length) =>
            {
                fixed (byte* file = path, attribute = BytePath.From(name))
                {
                    return follow
                        ? Libc.GetAttributeFollowing(file, attribute, (byte*)buffer, length)
                        : Libc.GetAttribute(file, attribute, (byte*)buffer, length);
                }
            });
            if (value is not null)
            {
                found.Add(new ExtendedAttribute(name, value));
            }
            else if (LinuxError.Last != LinuxError.NoData)
            {
                return false;
            }
        }

        attributes = found;
        return true;
    }

    public static bool TryWrite(byte[] path, ExtendedAttribute attribute)
    {
        fixed (byte* file = path, name = BytePath.From(attribute.Name), value = attribute.Value.Span)
        {
            return Libc.SetAttribute(file, name, value, (nuint)attribute.Value.Length, 0) == 0;
        }
    }

    public static bool TryRemove(byte[] path, string name)
    {
        fixed (byte* file = path, attribute = BytePath.From(name))
        {
            return Libc.RemoveAttribute(file, attribute) == 0;
        }
    }

    private static bool TryReadNames(byte[] path, bool follow, out List<string> names)
    {
        var list = Grow((buffer, length) =>
        {
            fixed (byte* file = path)
            {
                return follow
                    ? Libc.ListAttributesFollowing(file, (byte*)buffer, length)
                    : Libc.ListAttributes(file, (byte*)buffer, length);
            }
        });
        names = [];
        if (list is null)
        {
            return false;
        }

        for (var rest = list.AsSpan(); !rest.IsEmpty;)
        {
            var end = rest.IndexOf((byte)0);
            names.Add(Encoding.UTF8.GetString(rest[..end]));
            rest = rest[(end + 1)..];
        }

        return true;
    }

    // The kernel answers ERANGE when the buffer is too small; no value or list is larger than 64 KiB.
    private static byte[]? Grow(Func<nint, nuint, nint> read)
    {
        const int most = 64 << 10;
        var small = stackalloc byte[256];
        var length = read((nint)small, 256);
        if (length >= 0)
        {
            return new ReadOnlySpan<byte>(small, (int)length).ToArray();
        }

        if (LinuxError.Last != LinuxError.OutOfRange)
        {
            return null;
        }

        var large = new byte[most];
        fixed (byte* buffer = large)
        {
            length = read((nint)buffer, most);
            return length < 0 ? null : large[..(int)length];
        }
    }
}
