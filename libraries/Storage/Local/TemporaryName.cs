using System.Security.Cryptography;

namespace StellaOps.Backup.Storage.Local;

/// <summary>
/// Names of files that are being written: <c>NAME-tmp-sXXXXXXXXXXXXXXXX</c>, in the directory of the name that they will
/// get. restic's own end in <c>-tmp-</c> and digits; neither is ever listed.
/// </summary>
internal static class TemporaryName
{
    private const string Mark = "-tmp-";

    internal static string For(string path) =>
        string.Concat(path, Mark, "s", Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));

    internal static bool Is(ReadOnlySpan<char> name) => name.LastIndexOf(Mark, StringComparison.Ordinal) > 0;

    internal static bool IsOurs(ReadOnlySpan<char> name) =>
        name.Length > 22 && name[..^17].EndsWith(Mark, StringComparison.Ordinal) && name[^17] == 's';
}
