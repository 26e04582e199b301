using System.Buffers;

namespace StellaOps.Backup.Storage.S3;

/// <summary>One part of an upload.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Content">Its bytes.</param>
/// <param name="Owner">Of the memory; null when it is the caller's.</param>
internal sealed record PartContent(int Number, ReadOnlyMemory<byte> Content, IMemoryOwner<byte>? Owner) : IDisposable
{
    public void Dispose() => Owner?.Dispose();
}
