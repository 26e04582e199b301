using System.Security.Cryptography;

namespace StellaOps.Backup.Age.Streams;

/// <summary>
/// Plaintext of a payload, chunk by chunk, each released only after it was authenticated. What was released before a
/// failure is the same as with the reference implementation; the C2SP vectors compare it.
/// </summary>
internal sealed class DecryptingStream(Stream source, ChunkCipher cipher, bool leaveOpen) : PullStream(source, leaveOpen)
{
    private readonly byte[] _stored = new byte[ChunkCipher.SealedLength];
    private readonly byte[] _plain = new byte[ChunkCipher.PlainLength];
    private bool _first = true;
    private bool _last;

    protected override Memory<byte> Wanted => _stored;

    protected override void Accept(int count)
    {
        if (_last)
        {
            Ended = count == 0 ? true : throw Broken("something follows its last chunk");
            return;
        }

        if (count < ChunkCipher.TagLength)
        {
            throw Broken("it ends early");
        }

        // A full chunk may be the last or not; a shorter one can only be the last.
        var stored = _stored.AsSpan(0, count);
        var plain = _plain.AsMemory(0, count - ChunkCipher.TagLength);
        var full = count == ChunkCipher.SealedLength;
        if (!full || !cipher.TryOpen(stored, plain.Span, last: false))
        {
            _last = cipher.TryOpen(stored, plain.Span, last: true)
                ? true
                : throw Broken("a chunk was altered, moved, cut off or added");
        }

        if (plain.IsEmpty && !_first)
        {
            throw Broken("it ends with an empty chunk");
        }

        Ready = plain;
        Ended = !full;
        _first = false;
    }

    protected override void Dispose(bool disposing)
    {
        CryptographicOperations.ZeroMemory(_plain);
        cipher.Dispose();
        base.Dispose(disposing);
    }

    private static AgeException Broken(string why) => new(AgeFailure.PayloadFailure, $"the age payload is damaged: {why}");
}
