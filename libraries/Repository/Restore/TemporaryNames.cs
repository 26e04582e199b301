using System.Globalization;
using System.Security.Cryptography;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Names of files that are not complete yet. What a crash leaves under such a name the next restore removes.</summary>
internal static class TemporaryNames
{
    private const int Digits = 16;

    // No two processes start at the same number; who guesses a name gains nothing, as files are only ever created anew.
    private static ulong _next = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    private static ReadOnlySpan<byte> Prefix => ".stella-restore-"u8;

    public static EntryName Create()
    {
        Span<byte> name = stackalloc byte[Prefix.Length + Digits];
        Prefix.CopyTo(name);
        Interlocked.Increment(ref _next).TryFormat(name[Prefix.Length..], out _, "x16", CultureInfo.InvariantCulture);
        return new EntryName(name);
    }

    public static bool IsTemporary(EntryName name) => name.Bytes.Length == Prefix.Length + Digits && name.Bytes.StartsWith(Prefix);
}
