using System.Security.Cryptography;

namespace StellaOps.Backup.Age.Streams;

/// <summary>An age file that is made while it is read: header and nonce first, then the source's bytes in sealed chunks.</summary>
internal sealed class EncryptingReadStream : PullStream
{
    private readonly ChunkCipher _cipher;
    private readonly byte[] _plain = new byte[ChunkCipher.PlainLength + 1];
    private readonly byte[] _sealed = new byte[ChunkCipher.SealedLength];

    /// <summary>0 before the first chunk, then 1: the byte that was read ahead.</summary>
    private int _carried;

    public EncryptingReadStream(Stream plaintext, ReadOnlyMemory<byte> prologue, ChunkCipher cipher, bool leaveOpen)
        : base(plaintext, leaveOpen)
    {
        _cipher = cipher;
        Ready = prologue;
    }

    protected override Memory<byte> Wanted => _plain.AsMemory(_carried);

    protected override void Accept(int count)
    {
        var available = _carried + count;
        var last = available <= ChunkCipher.PlainLength;
        var plaintext = _plain.AsSpan(0, last ? available : ChunkCipher.PlainLength);
        var length = plaintext.Length + ChunkCipher.TagLength;
        _cipher.Seal(plaintext, _sealed.AsSpan(0, length), last);
        Ready = _sealed.AsMemory(0, length);
        Ended = last;
        _carried = 1;
        _plain[0] = _plain[^1];
    }

    protected override void Dispose(bool disposing)
    {
        CryptographicOperations.ZeroMemory(_plain);
        _cipher.Dispose();
        base.Dispose(disposing);
    }
}
