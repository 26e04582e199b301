using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>Blobs of one file in order, some of them still on their way.</summary>
/// <param name="saver">Saves them.</param>
/// <param name="expected">How many they will be, as far as that is known.</param>
internal sealed class FileBlobs(BlobSaver saver, int expected)
{
    private readonly List<BlobId> _ids = new(expected);
    private readonly Queue<Task<BlobId[]>> _started = [];
    private ChunkBatch? _batch;

    /// <summary>Bytes added so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Ids of all blobs; complete after <see cref="CompleteAsync"/>.</summary>
    public IReadOnlyList<BlobId> Ids => _ids;

    public async ValueTask AddAsync(ReadOnlyMemory<byte> chunk, bool isLast, CancellationToken cancellationToken)
    {
        Bytes += chunk.Length;
        if (isLast && _started.Count == 0 && _batch is null)
        {
            _ids.Add(await saver.SaveAsync(chunk, cancellationToken).ConfigureAwait(false));
            return;
        }

        if (_batch?.HasRoomFor(chunk.Length) == false)
        {
            await StartAsync(cancellationToken).ConfigureAwait(false);
        }

        _batch ??= await saver.RentAsync(isLast ? chunk.Length : Math.Max(chunk.Length, ChunkBatch.Length), cancellationToken).ConfigureAwait(false);
        _batch.Add(chunk);
        if (!_batch.HasRoomFor(1))
        {
            await StartAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads the next chunks right into the memory from which they are saved.</summary>
    /// <param name="content">The file.</param>
    /// <param name="fixedSize">Bytes of a chunk: <see cref="ChunkBatch.CanRead"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False at the end of the file.</returns>
    public async ValueTask<bool> ReadAsync(IFileContent content, int fixedSize, CancellationToken cancellationToken)
    {
        ChunkBatch? batch = saver.Rent();
        try
        {
            var read = await batch.FillAsync(content, fixedSize, cancellationToken).ConfigureAwait(false);
            Bytes += read;
            if (read < ChunkBatch.Length && _started.Count == 0)
            {
                _ids.AddRange(await saver.SaveAsync(batch, cancellationToken).ConfigureAwait(false));
                return false;
            }

            await saver.WaitAsync(cancellationToken).ConfigureAwait(false);
            (_batch, batch) = (batch, null);
            await StartAsync(cancellationToken).ConfigureAwait(false);
            return read == ChunkBatch.Length;
        }
        finally
        {
            batch?.Dispose();
        }
    }

    /// <summary>Waits for all; throws the first failure after none is under way.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        Start(cancellationToken);
        foreach (var ids in await Task.WhenAll(_started).ConfigureAwait(false))
        {
            _ids.AddRange(ids);
        }

        _started.Clear();
    }

    private async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        Start(cancellationToken);
        while (_started.Count > saver.Savers)
        {
            _ids.AddRange(await _started.Dequeue().ConfigureAwait(false));
        }
    }

    private void Start(CancellationToken cancellationToken)
    {
        if (_batch is { } full)
        {
            _batch = null;
            _started.Enqueue(saver.Start(full, cancellationToken));
        }
    }
}
