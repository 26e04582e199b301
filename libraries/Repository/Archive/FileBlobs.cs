using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>Blobs of one file in order, some of them still on their way.</summary>
internal sealed class FileBlobs(BlobSaver saver)
{
    private readonly List<BlobId> _ids = new(1);
    private readonly Queue<Task<BlobId>> _started = [];

    /// <summary>Bytes added so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Ids of all blobs; complete after <see cref="CompleteAsync"/>.</summary>
    public IReadOnlyList<BlobId> Ids => _ids;

    public async ValueTask AddAsync(ReadOnlyMemory<byte> chunk, bool isLast, CancellationToken cancellationToken)
    {
        Bytes += chunk.Length;
        if (isLast && _started.Count == 0)
        {
            _ids.Add(await saver.SaveAsync(chunk, cancellationToken).ConfigureAwait(false));
            return;
        }

        _started.Enqueue(await saver.StartAsync(chunk, cancellationToken).ConfigureAwait(false));
        while (_started.Count > saver.Savers)
        {
            _ids.Add(await _started.Dequeue().ConfigureAwait(false));
        }
    }

    /// <summary>Waits for all; throws the first failure after none is under way.</summary>
    public async Task CompleteAsync()
    {
        _ids.AddRange(await Task.WhenAll(_started).ConfigureAwait(false));
        _started.Clear();
    }
}
