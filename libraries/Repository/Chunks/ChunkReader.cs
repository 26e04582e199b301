using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.Chunks;

/// <summary>Reads a file chunk by chunk through one buffer of 9 MiB, which is kept for the next file.</summary>
internal sealed class ChunkReader(ContentCutter cutter)
{
    /// <summary>Bytes of the buffer: the largest chunk, and one read.</summary>
    internal const int Memory = ContentCutter.Maximum + ReadSize;

    private const int ReadSize = 1 << 20;

    // Small files touch its start only, and the system gives memory when it is touched.
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(Memory);
    private IFileContent? _content;
    private int _fixedSize;
    private int _end, _length;
    private bool _ended;

    /// <summary>The current chunk; valid until the next read.</summary>
    public ReadOnlyMemory<byte> Chunk => _buffer.AsMemory(0, _length);

    /// <summary>True when the current chunk ends the file.</summary>
    public bool IsLast => _ended && _length == _end;

    /// <summary>Begins with a file.</summary>
    public void Start(IFileContent content, Chunking chunking)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(chunking.FixedSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chunking.FixedSize, ContentCutter.Maximum);
        (_content, _fixedSize) = (content, chunking.FixedSize);
        (_end, _length, _ended) = (0, 0, false);
        cutter.Reset();
    }

    /// <summary>Advances to the next chunk; false at the end of the file.</summary>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        // What was read beyond the last chunk is at most one read long.
        _buffer.AsSpan(_length, _end - _length).CopyTo(_buffer);
        _end -= _length;
        _length = 0;
        while ((_length = FindCut()) == 0)
        {
            if (_ended)
            {
                _length = _end;
                return _length > 0;
            }

            await FillAsync(cancellationToken).ConfigureAwait(false);
        }

        if (_length == _end && !_ended)
        {
            // The end has to be known with the last chunk.
            await FillAsync(cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    private int FindCut() => _fixedSize == 0
        ? cutter.Find(_buffer.AsSpan(0, _end))
        : _end >= _fixedSize ? _fixedSize : 0;

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        var read = await _content!.ReadAsync(_buffer.AsMemory(_end, Math.Min(ReadSize, _buffer.Length - _end)), cancellationToken).ConfigureAwait(false);
        _ended = read == 0;
        _end += read;
    }
}
