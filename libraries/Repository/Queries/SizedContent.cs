using StellaOps.Backup.Repository.Restore;

namespace StellaOps.Backup.Repository.Queries;

/// <summary>
/// Content whose length is known before it is read. A tar entry has its length in front of its content: of a stream that does not say
/// it, the writer would keep everything in memory.
/// </summary>
internal sealed class SizedContent(BlobContentStream inner, long length) : Stream
{
    private long _position;

    public override bool CanRead => true;

    /// <summary>True so that the length is asked for; nobody seeks.</summary>
    public override bool CanSeek => true;
    public override bool CanWrite => false;
    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        _position += read;
        if (_position > length || (read == 0 && _position < length && buffer.Length > 0))
        {
            throw new RepositoryException(RepositoryFailure.Damaged, $"a file has {_position} bytes and more or less, its tree says {length}");
        }

        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("read asynchronously");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
