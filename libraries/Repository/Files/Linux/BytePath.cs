using System.Globalization;
using System.Text;

namespace StellaOps.Backup.Repository.Files.Linux;

/// <summary>Zero-terminated paths for the C library.</summary>
internal static class BytePath
{
    /// <summary>A .NET path with its terminator.</summary>
    public static byte[] From(string path) => [.. Encoding.UTF8.GetBytes(path), 0];

    /// <summary>A name with its terminator.</summary>
    public static byte[] From(EntryName name) => [.. name.Bytes, 0];

    /// <summary><paramref name="directory"/>, which has its terminator, then a slash unless it is the root, then the name.</summary>
    public static byte[] Join(byte[] directory, EntryName name)
    {
        var text = directory.AsSpan(0, directory.Length - 1);
        return text.EndsWith("/"u8) ? [.. text, .. name.Bytes, 0] : [.. text, (byte)'/', .. name.Bytes, 0];
    }

    /// <summary>
    /// An entry of an open directory, for calls that take no directory descriptor: the length of the path to that directory,
    /// and whether it still leads there, do not matter.
    /// </summary>
    public static byte[] InOpenDirectory(int descriptor, EntryName name) =>
        [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{descriptor}/")), .. name.Bytes, 0];

    /// <summary>An open file, for calls that take no descriptor and follow links.</summary>
    public static byte[] Open(int descriptor) => From(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{descriptor}"));

    /// <summary>For people.</summary>
    public static string Show(byte[] path) => Encoding.UTF8.GetString(path.AsSpan(0, path.Length - 1));
}
