using System.Buffers;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Content of a saved file as a stream to be read asynchronously from start to end; each blob was authenticated.</summary>
public sealed class BlobContentStream(IBlobReader blobs, Node file) : Stream
{
    private IMemoryOwner<byte>? _blob;
    private int _next, _position;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_blob is null || _position == _blob.Memory.Length)
        {
            _blob?.Dispose();
            _blob = null;
            if (_next == file.Content.Count)
            {
                return 0;
            }

            _blob = await blobs.ReadAsync(BlobType.Data, file.Content[_next++], cancellationToken).ConfigureAwait(false);
            _position = 0;
        }

        var length = Math.Min(buffer.Length, _blob.Memory.Length - _position);
        _blob.Memory.Slice(_position, length).CopyTo(buffer);
        _position += length;
        return length;
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
            _blob?.Dispose();
            _blob = null;
        }

        base.Dispose(disposing);
    }
}
