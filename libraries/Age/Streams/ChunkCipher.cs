using System.Buffers.Binary;
using System.Security.Cryptography;

namespace StellaOps.Backup.Age.Streams;

/// <summary>
/// The payload's chunks (c2sp.org/age, "Payload"): ChaCha20-Poly1305 under a key of its own for each file, and a nonce of
/// an 11-byte big-endian counter and one byte that says whether the chunk is the last.
/// </summary>
internal sealed class ChunkCipher : IDisposable
{
    /// <summary>Bytes of the payload's own nonce, before the first chunk.</summary>
    public const int PayloadNonceLength = 16;

    /// <summary>Bytes of a full chunk's plaintext.</summary>
    public const int PlainLength = 64 * 1024;

    public const int TagLength = 16;

    /// <summary>Bytes of a full chunk as stored.</summary>
    public const int SealedLength = PlainLength + TagLength;

    private const int NonceLength = 12;
    private const int CounterOffset = 3;
    private readonly ChaCha20Poly1305 _cipher;
    private ulong _counter;

    public ChunkCipher(ReadOnlySpan<byte> fileKey, ReadOnlySpan<byte> payloadNonce)
    {
        Span<byte> key = stackalloc byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, fileKey, key, payloadNonce, "payload"u8);
        _cipher = new ChaCha20Poly1305(key);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <summary>Seals the next chunk into <paramref name="destination"/>, which is longer by the tag.</summary>
    public void Seal(ReadOnlySpan<byte> plaintext, Span<byte> destination, bool last)
    {
        Span<byte> nonce = stackalloc byte[NonceLength];
        WriteNonce(nonce, last);
        _cipher.Encrypt(nonce, plaintext, destination[..plaintext.Length], destination[plaintext.Length..]);
        _counter++;
    }

    /// <summary>Opens the next chunk; false when it is not the one that was sealed here. The counter stays then.</summary>
    public bool TryOpen(ReadOnlySpan<byte> stored, Span<byte> destination, bool last)
    {
        Span<byte> nonce = stackalloc byte[NonceLength];
        WriteNonce(nonce, last);
        try
        {
            _cipher.Decrypt(nonce, stored[..^TagLength], stored[^TagLength..], destination);
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        _counter++;
        return true;
    }

    public void Dispose() => _cipher.Dispose();

    private void WriteNonce(Span<byte> nonce, bool last)
    {
        // 2^64 chunks are 2^80 bytes: the three upper bytes of the counter stay zero.
        nonce[..CounterOffset].Clear();
        BinaryPrimitives.WriteUInt64BigEndian(nonce[CounterOffset..], _counter);
        nonce[^1] = last ? (byte)1 : (byte)0;
    }
}
