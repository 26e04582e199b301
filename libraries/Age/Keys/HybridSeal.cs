using System.Security.Cryptography;

namespace StellaOps.Backup.Age.Keys;

/// <summary>
/// HPKE (RFC 9180, base mode, one message) with MLKEM768-X25519, HKDF-SHA256 and ChaCha20-Poly1305, as the age recipient
/// type mlkem768x25519 uses it to wrap a file key.
/// </summary>
internal static class HybridSeal
{
    private const int HashLength = 32;
    private const int KeyLength = 32;
    private const int NonceLength = 12;

    private static ReadOnlySpan<byte> Info => "age-encryption.org/mlkem768x25519"u8;

    /// <summary>"HPKE" and the numbers of KEM (0x647a), KDF (1) and AEAD (3).</summary>
    private static ReadOnlySpan<byte> SuiteId => "HPKE\x64\x7a\0\x01\0\x03"u8;

    public static byte[] Seal(byte[] shared, ReadOnlySpan<byte> fileKey)
    {
        var (key, nonce) = Schedule(shared);
        var body = FileKeyWrap.Seal(key, nonce, fileKey);
        CryptographicOperations.ZeroMemory(key);
        return body;
    }

    public static bool TryOpen(byte[] shared, ReadOnlySpan<byte> body, Span<byte> fileKey)
    {
        var (key, nonce) = Schedule(shared);
        var opened = FileKeyWrap.TryOpen(key, nonce, body, fileKey);
        CryptographicOperations.ZeroMemory(key);
        return opened;
    }

    /// <summary>RFC 9180 section 5.1, mode 0, no pre-shared key.</summary>
    private static (byte[] Key, byte[] Nonce) Schedule(byte[] shared)
    {
        byte[] context = [0, .. Extract([], "psk_id_hash"u8, []), .. Extract([], "info_hash"u8, Info)];
        var secret = Extract(shared, "secret"u8, []);
        return (Expand(secret, "key"u8, context, KeyLength), Expand(secret, "base_nonce"u8, context, NonceLength));
    }

    private static byte[] Extract(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> label, ReadOnlySpan<byte> input)
    {
        byte[] labeled = [.. "HPKE-v1"u8, .. SuiteId, .. label, .. input];
        var key = new byte[HashLength];
        HKDF.Extract(HashAlgorithmName.SHA256, labeled, salt, key);
        return key;
    }

    private static byte[] Expand(byte[] secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, int length)
    {
        byte[] labeled = [0, (byte)length, .. "HPKE-v1"u8, .. SuiteId, .. label, .. context];
        return HKDF.Expand(HashAlgorithmName.SHA256, secret, length, labeled);
    }
}
