namespace StellaOps.Backup.Age.Streams;

/// <summary>Bytes that were read ahead of a stream, then the stream.</summary>
internal sealed class PrefixedStream : PullStream
{
    private readonly byte[] _buffer = new byte[ChunkCipher.SealedLength];

    public PrefixedStream(ReadOnlyMemory<byte> prefix, Stream rest, bool leaveOpen)
        : base(rest, leaveOpen) => Ready = prefix;

    protected override Memory<byte> Wanted => _buffer;

    protected override void Accept(int count)
    {
        Ready = _buffer.AsMemory(0, count);
        Ended = count < _buffer.Length;
    }
}
