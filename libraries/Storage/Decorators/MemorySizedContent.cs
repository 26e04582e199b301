namespace StellaOps.Backup.Storage.Decorators;

/// <summary>Content in memory, as a stream.</summary>
internal sealed class MemorySizedContent(ReadOnlyMemory<byte> content) : SizedStream
{
    public override long Length => content.Length;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var part = content.Slice((int)Done, Math.Min(buffer.Length, content.Length - (int)Done));
        part.CopyTo(buffer);
        Done += part.Length;
        return ValueTask.FromResult(part.Length);
    }
}
