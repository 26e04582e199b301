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
    private int _start, _end, _length;
    private bool _ended;

    /// <summary>The current chunk; valid until the next read.</summary>
    public ReadOnlyMemory<byte> Chunk => _buffer.AsMemory(_start, _length);

    /// <summary>True when the current chunk ends the file.</summary>
    public bool IsLast => _ended && _start + _length == _end;

    /// <summary>Begins with a file.</summary>
    public void Start(IFileContent content, Chunking chunking)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(chunking.FixedSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chunking.FixedSize, ContentCutter.Maximum);
        (_content, _fixedSize) = (content, chunking.FixedSize);
        (_start, _end, _length, _ended) = (0, 0, 0, false);
        cutter.Reset();
    }

    /// <summary>Advances to the next chunk; false at the end of the file.</summary>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        _start += _length;
        while ((_length = FindCut()) == 0)
        {
            if (_ended)
            {
                _length = _end - _start;
                return _length > 0;
            }

            await FillAsync(cancellationToken).ConfigureAwait(false);
        }

        if (_start + _length == _end && !_ended)
        {
            // The end has to be known with the last chunk.
            await FillAsync(cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    private int FindCut() => _fixedSize == 0
        ? cutter.Find(_buffer.AsSpan(_start, _end - _start))
        : _end - _start >= _fixedSize ? _fixedSize : 0;

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        // The current chunk and what is known of the next go to the front: chunks that are shorter than a read do not move what follows them.
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        var read = await _content!.ReadAsync(_buffer.AsMemory(_end, Math.Min(ReadSize, _buffer.Length - _end)), cancellationToken).ConfigureAwait(false);
        _ended = read == 0;
        _end += read;
    }
}
