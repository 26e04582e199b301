using System.Buffers;
using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>
/// Saves chunks of large files beside the thread that reads them, so that one file alone keeps all cores busy. Holds at most
/// <paramref name="savers"/> chunks.
/// </summary>
internal sealed class BlobSaver(IBlobWriter writer, int savers) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(savers);
    private readonly BufferPool _copies = new();

    /// <summary>Most chunks that may be under way.</summary>
    public int Savers => savers;

    /// <summary>Saves on the caller's thread.</summary>
    public ValueTask<BlobId> SaveAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken) =>
        writer.SaveAsync(BlobType.Data, chunk, cancellationToken);

    /// <summary>Takes a copy and saves it in the background; the outer task ends when there was room for it.</summary>
    public async ValueTask<Task<BlobId>> StartAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        var copy = _copies.Rent(chunk.Length);
        chunk.CopyTo(copy.Memory);
        return Task.Run(() => SaveCopyAsync(copy, cancellationToken), CancellationToken.None);
    }

    public void Dispose() => _slots.Dispose();

    private async Task<BlobId> SaveCopyAsync(IMemoryOwner<byte> copy, CancellationToken cancellationToken)
    {
        try
        {
            return await writer.SaveAsync(BlobType.Data, copy.Memory, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            copy.Dispose();
            _slots.Release();
        }
    }
}
