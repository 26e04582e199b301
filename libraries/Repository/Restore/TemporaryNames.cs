using System.Security.Cryptography;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Names of files that are not complete yet. What a crash leaves under such a name the next restore removes.</summary>
internal static class TemporaryNames
{
    private const int RandomDigits = 16;

    private static ReadOnlySpan<byte> Prefix => ".stella-restore-"u8;

    public static EntryName Create()
    {
        Span<byte> name = stackalloc byte[Prefix.Length + RandomDigits];
        Prefix.CopyTo(name);
        RandomNumberGenerator.GetHexString(RandomDigits, lowercase: true).AsSpan().CopyToBytes(name[Prefix.Length..]);
        return new EntryName(name);
    }

    public static bool IsTemporary(EntryName name) => name.Bytes.Length == Prefix.Length + RandomDigits && name.Bytes.StartsWith(Prefix);

    private static void CopyToBytes(this ReadOnlySpan<char> ascii, Span<byte> destination) =>
        System.Text.Encoding.ASCII.GetBytes(ascii, destination);
}
