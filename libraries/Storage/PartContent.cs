using System.Buffers;

namespace StellaOps.Backup.Storage;

/// <summary>One part of content that goes in parts.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Content">Its bytes.</param>
/// <param name="Owner">Of the memory; null when it is the caller's.</param>
internal sealed record PartContent(int Number, ReadOnlyMemory<byte> Content, IMemoryOwner<byte>? Owner) : IDisposable
{
    /// <summary>Parts of what is in memory already.</summary>
    internal static async IAsyncEnumerable<PartContent> Of(ReadOnlyMemory<byte> content, int length)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        var number = 0;
        for (var offset = 0; offset < content.Length; offset += length)
        {
            yield return new PartContent(++number, content.Slice(offset, Math.Min(length, content.Length - offset)), null);
        }
    }

    /// <summary>The next part of a stream; shorter than <paramref name="length"/> at the end, and empty when nothing is left.</summary>
    internal static async ValueTask<PartContent> ReadAsync(Stream content, int number, int length, CancellationToken cancellationToken)
    {
        var owner = MemoryPool<byte>.Shared.Rent(length);
        try
        {
            var filled = await content.ReadAtLeastAsync(owner.Memory[..length], length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            return new PartContent(number, owner.Memory[..filled], owner);
        }
        catch
        {
            owner.Dispose();
            throw;
        }
    }

    public void Dispose() => Owner?.Dispose();
}
