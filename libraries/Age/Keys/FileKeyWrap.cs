using System.Security.Cryptography;

namespace StellaOps.Backup.Age.Keys;

/// <summary>How all recipient types seal a file key: ChaCha20-Poly1305 under a key that is used once.</summary>
internal static class FileKeyWrap
{
    private const int TagLength = 16;

    /// <summary>Bytes of a wrapped file key.</summary>
    public const int Length = AgeEncryption.FileKeyLength + TagLength;

    /// <summary>The nonce of all but the types that derive one.</summary>
    public static ReadOnlySpan<byte> ZeroNonce => new byte[12];

    public static byte[] Seal(ReadOnlySpan<byte> wrapKey, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> fileKey)
    {
        var body = new byte[Length];
        using var cipher = new ChaCha20Poly1305(wrapKey);
        cipher.Encrypt(nonce, fileKey, body.AsSpan(..^TagLength), body.AsSpan(^TagLength..));
        return body;
    }

    /// <summary>False when the body was not sealed with this key. Its length was checked before (against partitioning oracles).</summary>
    public static bool TryOpen(ReadOnlySpan<byte> wrapKey, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> body, Span<byte> fileKey)
    {
        using var cipher = new ChaCha20Poly1305(wrapKey);
        try
        {
            cipher.Decrypt(nonce, body[..^TagLength], body[^TagLength..], fileKey);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }
}
