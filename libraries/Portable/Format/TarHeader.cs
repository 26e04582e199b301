using System.Text;

namespace StellaOps.Backup.Portable.Format;

/// <summary>Header of a regular file in a tar archive (POSIX.1-1988, "ustar"): 512 bytes, numbers in octal.</summary>
internal static class TarHeader
{
    internal const int Length = 512;

    /// <summary>Files are padded with zeros to a multiple of this.</summary>
    internal const int Block = 512;

    /// <summary>Longest path without an extension of the format; those of repositories have 79 bytes at most.</summary>
    internal const int LongestPath = 100;

    /// <summary>Largest file: 1 GiB. The format could have more, but each is in memory once; packs have 136 MiB at most.</summary>
    internal const long LargestFile = 1L << 30;

    private const int ModeAt = 100, UserAt = 108, GroupAt = 116, SizeAt = 124, TimeAt = 136, SumAt = 148, TypeAt = 156, MagicAt = 257, SumLength = 8;

    /// <summary>Writes the header of a file, mode 0600, of root.</summary>
    internal static void Write(Span<byte> header, string path, long length, DateTimeOffset modifiedAt)
    {
        header = header[..Length];
        header.Clear();
        Encoding.ASCII.GetBytes(path, header);
        Octal(header.Slice(ModeAt, 8), 384); // 0600
        Octal(header.Slice(UserAt, 8), 0);
        Octal(header.Slice(GroupAt, 8), 0);
        Octal(header.Slice(SizeAt, 12), length);
        Octal(header.Slice(TimeAt, 12), Math.Max(0, modifiedAt.ToUnixTimeSeconds()));
        header[TypeAt] = (byte)'0';
        "ustar\0"u8.CopyTo(header[MagicAt..]);
        "00"u8.CopyTo(header[(MagicAt + 6)..]);
        header.Slice(SumAt, SumLength).Fill((byte)' ');
        var sum = 0;
        foreach (var value in header)
        {
            sum += value;
        }

        Octal(header.Slice(SumAt, SumLength - 1), sum);
    }

    /// <summary>Path and length of a file; false for what is no header of ours.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> header, out string path, out long length)
    {
        (path, length) = ("", 0);
        var name = header[..LongestPath];
        var end = name.IndexOf((byte)0);
        if (!header[MagicAt..].StartsWith("ustar\0"u8) || header[TypeAt] != (byte)'0' || !TryOctal(header.Slice(SizeAt, 12), out length))
        {
            return false;
        }

        path = Encoding.ASCII.GetString(end < 0 ? name : name[..end]);
        return true;
    }

    private static void Octal(Span<byte> field, long value)
    {
        for (var i = field.Length - 2; i >= 0; i--, value >>= 3)
        {
            field[i] = (byte)('0' + (value & 7));
        }

        field[^1] = 0;
    }

    private static bool TryOctal(ReadOnlySpan<byte> field, out long value)
    {
        value = 0;
        foreach (var digit in field[..^1])
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                return false;
            }

            value = value * 8 + (digit - '0');
        }

        return true;
    }
}
