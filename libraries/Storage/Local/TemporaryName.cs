using System.Security.Cryptography;

namespace StellaOps.Backup.Storage.Local;

/// <summary>
/// Names of files that are being written: <c>NAME-tmp-sXXXXXXXXXXXXXXXX</c>, in the directory of the name that they will
/// get, or <c>NAME-tmp-rXXXXXXXXXXXXXXXX</c> with the first digits of an identity. restic's own end in <c>-tmp-</c> and digits; none is ever listed.
/// </summary>
internal static class TemporaryName
{
    private const string Mark = "-tmp-";

    /// <summary>Of the mark, the letter behind it and 16 digits.</summary>
    private const int EndLength = 22;

    internal static string For(string path) =>
        string.Concat(path, Mark, "s", Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));

    /// <summary>Of content that can be made again: the next put of the same finds what this one left, and goes on.</summary>
    internal static string For(string path, string identity) => string.Concat(path, Mark, "r", identity.AsSpan(0, 16));

    internal static bool Is(ReadOnlySpan<char> name) => name.LastIndexOf(Mark, StringComparison.Ordinal) > 0;

    internal static bool IsOurs(ReadOnlySpan<char> name) =>
        name.Length > EndLength && name[..^17].EndsWith(Mark, StringComparison.Ordinal) && name[^17] is ('s' or 'r');

    /// <summary>The path that the file was to get.</summary>
    internal static string ObjectOf(string path) => path[..^EndLength];

    /// <summary>Whether somebody may want to go on with what is in it.</summary>
    internal static bool MayGoOn(ReadOnlySpan<char> name) => IsOurs(name) && name[^17] == 'r';
}
