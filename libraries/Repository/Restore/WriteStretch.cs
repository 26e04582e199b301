namespace StellaOps.Backup.Repository.Restore;

/// <summary>Short blobs that follow one another in a file, to be written at once; of one thread. Memory: 512 KiB.</summary>
internal sealed class WriteStretch
{
    private const int Room = 512 << 10;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(Room);
    private int _length;

    /// <summary>Place of the first one.</summary>
    public FilePart Start { get; private set; }

    /// <summary>How many there are.</summary>
    public int Blobs { get; private set; }

    public ReadOnlySpan<byte> Content => _bytes.AsSpan(0, _length);

    /// <summary>Copies a blob behind the others; false when it does not follow them, or there is no room for it.</summary>
    public bool TryAdd(FilePart part, ReadOnlySpan<byte> content)
    {
        if (content.Length > Room - _length || (Blobs > 0 && (part.File != Start.File || part.Offset != Start.Offset + _length)))
        {
            return false;
        }

        content.CopyTo(_bytes.AsSpan(_length));
        Start = Blobs == 0 ? part : Start;
        _length += content.Length;
        Blobs++;
        return true;
    }

    public void Clear() => (Start, Blobs, _length) = (default, 0, 0);
}
