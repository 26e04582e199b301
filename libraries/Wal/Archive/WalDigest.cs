using System.Security.Cryptography;

namespace StellaOps.Backup.Wal.Archive;

/// <summary>SHA-256 as the archive writes it into names and documents: lower-case hex.</summary>
internal static class WalDigest
{
    public static string Of(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
