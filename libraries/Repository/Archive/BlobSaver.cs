using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>
/// Saves chunks of large files beside the thread that reads them, so that one file alone keeps all cores busy. Holds at most
/// <paramref name="savers"/> batches.
/// </summary>
internal sealed class BlobSaver(BlobWriter writer, int savers) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(savers);
    private readonly BufferPool _copies = new();

    /// <summary>Most batches that may be under way.</summary>
    public int Savers => savers;

    /// <summary>Saves on the caller's thread.</summary>
    public ValueTask<BlobId> SaveAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken) =>
        writer.SaveAsync(BlobType.Data, chunk, cancellationToken);

    /// <summary>Memory for a batch; waits until there is room for one more.</summary>
    /// <param name="length">Bytes of its chunks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<ChunkBatch> RentAsync(int length, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new ChunkBatch(_copies.Rent(length));
    }

    /// <summary>Saves a batch in the background, and gives its memory back.</summary>
    public Task<BlobId[]> Start(ChunkBatch batch, CancellationToken cancellationToken) =>
        Task.Run(() => SaveAllAsync(batch, cancellationToken), CancellationToken.None);

    public void Dispose() => _slots.Dispose();

    private async Task<BlobId[]> SaveAllAsync(ChunkBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            var ids = batch.Hash();
            for (var chunk = 0; chunk < batch.Count; chunk++)
            {
                await writer.SaveAsync(BlobType.Data, ids[chunk], batch[chunk], compressedFrom: 0, cancellationToken).ConfigureAwait(false);
            }

            return ids;
        }
        finally
        {
            batch.Dispose();
            _slots.Release();
        }
    }
}
