using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>
/// Saves chunks of large files beside the thread that reads them, so that one file alone keeps all cores busy. Holds at most
/// <paramref name="savers"/> batches, and one more for each reader.
/// </summary>
internal sealed class BlobSaver(BlobWriter writer, int savers) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(savers);
    private readonly BufferPool _copies = new(), _reads = new();

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

    /// <summary>Memory for a batch that a reader fills, one at a time, before it waits for room.</summary>
    public ChunkBatch Rent() => new(_reads.Rent(ChunkBatch.Length));

    /// <summary>Waits until there is room for one more batch.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => _slots.WaitAsync(cancellationToken);

    /// <summary>Saves a batch for which there is room in the background, and gives its memory back.</summary>
    public Task<BlobId[]> Start(ChunkBatch batch, CancellationToken cancellationToken) => Task.Run(
        async () =>
        {
            try
            {
                return await SaveAsync(batch, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                _slots.Release();
            }
        },
        CancellationToken.None);

    /// <summary>Saves a batch on the caller's thread, and gives its memory back.</summary>
    public async Task<BlobId[]> SaveAsync(ChunkBatch batch, CancellationToken cancellationToken)
    {
        using (batch)
        {
            var ids = batch.Hash();
            for (var chunk = 0; chunk < batch.Count; chunk++)
            {
                await writer.SaveAsync(BlobType.Data, ids[chunk], batch[chunk], compressedFrom: 0, cancellationToken).ConfigureAwait(false);
            }

            return ids;
        }
    }

    public void Dispose() => _slots.Dispose();
}
