namespace StellaOps.Backup.Storage;

/// <summary>Content for a put that is read once from its begin to its end, and whose length is known beforehand: stores choose the size of their parts by it.</summary>
public abstract class SizedStream : Stream
{
    public sealed override bool CanRead => true;

    public sealed override bool CanSeek => false;

    public sealed override bool CanWrite => false;

    public sealed override long Position
    {
        get => Done;
        set => throw new NotSupportedException();
    }

    /// <summary>
    /// Hex digits that stand for every byte, where the content can be made again: a put of it that was cut off is gone on with by the next put of the same, where
    /// the store can do that. Null where it is made once.
    /// </summary>
    public virtual string? Identity => null;

    /// <summary>Goes on at another byte; only of content with an <see cref="Identity"/>.</summary>
    public virtual ValueTask GoToAsync(long offset) => throw new NotSupportedException();

    /// <summary>Bytes that were read.</summary>
    protected long Done { get; set; }

    public sealed override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>For stores that write on a thread of their own, and have nothing else to do on it.</summary>
    public sealed override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public abstract override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default);

    public sealed override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public sealed override void Flush()
    {
    }

    public sealed override void SetLength(long value) => throw new NotSupportedException();

    public sealed override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
