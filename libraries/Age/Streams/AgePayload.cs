namespace StellaOps.Backup.Age.Streams;

/// <summary>
/// Lengths of a payload: a nonce, then each 64 KiB of plaintext with a tag of 16 bytes. Plaintext of no bytes has one
/// empty chunk; no other payload ends with one.
/// </summary>
public static class AgePayload
{
    /// <summary>Bytes of the payload for so many bytes of plaintext.</summary>
    public static long Length(long plaintextLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(plaintextLength);
        var chunks = Math.Max(1, (plaintextLength + ChunkCipher.PlainLength - 1) / ChunkCipher.PlainLength);
        return ChunkCipher.PayloadNonceLength + plaintextLength + chunks * ChunkCipher.TagLength;
    }

    /// <summary>Bytes of plaintext in a payload of so many bytes; null when no payload has that length.</summary>
    public static long? PlaintextLength(long payloadLength)
    {
        var chunked = payloadLength - ChunkCipher.PayloadNonceLength;
        var chunks = (chunked + ChunkCipher.SealedLength - 1) / ChunkCipher.SealedLength;
        var plaintext = chunked - chunks * ChunkCipher.TagLength;
        return chunks > 0 && plaintext >= 0 && Length(plaintext) == payloadLength ? plaintext : null;
    }
}
