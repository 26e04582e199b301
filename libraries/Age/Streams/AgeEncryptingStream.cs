using System.Buffers;
using System.Security.Cryptography;

namespace StellaOps.Backup.Age.Streams;

/// <summary>
/// An age file that is made while its plaintext is written. <see cref="CompleteAsync"/> writes its end; a stream that is only disposed
/// leaves a file that no age implementation accepts as whole, so that a failure half-way cannot pass for a short file.
/// </summary>
public sealed class AgeEncryptingStream : Stream
{
    private readonly Stream _destination;
    private readonly ChunkCipher _cipher;
    private readonly ArmorEncoder? _armor;
    private readonly byte[] _plain = new byte[ChunkCipher.PlainLength];
    private readonly byte[] _sealed = new byte[ChunkCipher.SealedLength];
    private readonly ArrayBufferWriter<byte> _pending = new();
    private int _filled;
    private bool _completed;

    internal AgeEncryptingStream(Stream destination, ReadOnlySpan<byte> prologue, ChunkCipher cipher, bool armored)
    {
        _destination = destination;
        _cipher = cipher;
        _armor = armored ? new ArmorEncoder(_pending) : null;
        Emit(prologue);
    }

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => !_completed;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            buffer = buffer[Accept(buffer)..];
            _destination.Write(_pending.WrittenSpan);
            _pending.ResetWrittenCount();
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            buffer = buffer[Accept(buffer.Span)..];
            await WritePendingAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Writes the last chunk, and with armor its end. The destination is flushed and stays open.</summary>
    public async ValueTask CompleteAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_completed, this);
        SealChunk(last: true);
        _armor?.Finish();
        _completed = true;
        await WritePendingAsync(cancellationToken).ConfigureAwait(false);
        await _destination.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Does nothing: a chunk is written when it is full.</summary>
    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _completed = true;
        CryptographicOperations.ZeroMemory(_plain);
        _cipher.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Takes what fits into the chunk. A full chunk is sealed only when more comes, for it might be the last.</summary>
    private int Accept(ReadOnlySpan<byte> plaintext)
    {
        ObjectDisposedException.ThrowIf(_completed, this);
        if (_filled == ChunkCipher.PlainLength)
        {
            SealChunk(last: false);
        }

        var count = Math.Min(plaintext.Length, ChunkCipher.PlainLength - _filled);
        plaintext[..count].CopyTo(_plain.AsSpan(_filled));
        _filled += count;
        return count;
    }

    private void SealChunk(bool last)
    {
        var stored = _sealed.AsSpan(0, _filled + ChunkCipher.TagLength);
        _cipher.Seal(_plain.AsSpan(0, _filled), stored, last);
        Emit(stored);
        _filled = 0;
    }

    private void Emit(ReadOnlySpan<byte> bytes)
    {
        if (_armor is null)
        {
            _pending.Write(bytes);
        }
        else
        {
            _armor.Write(bytes);
        }
    }

    private async ValueTask WritePendingAsync(CancellationToken cancellationToken)
    {
        await _destination.WriteAsync(_pending.WrittenMemory, cancellationToken).ConfigureAwait(false);
        _pending.ResetWrittenCount();
    }
}
