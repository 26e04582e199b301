using System.Buffers;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Unpacked;

namespace StellaOps.Backup.Repository.Indexes;

/// <summary>
/// Collects stored packs and writes the index files that name them: when one is full, and every few minutes, so that an
/// interrupted first backup finds most of its work again. Memory: the JSON of one file, 4 MB.
/// </summary>
internal sealed class IndexWriter(UnpackedFiles files, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly ArrayBufferWriter<byte> _json = new();
    private List<IndexedPack> _pending = [];
    private long _lastWritten = clock.GetTimestamp();

    /// <summary>Takes a pack that is durable.</summary>
    internal async Task AddAsync(IndexedPack pack, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_pending.Sum(waiting => waiting.Entries.Count) + pack.Entries.Count > IndexFile.MostBlobs)
            {
                await WritePendingAsync(cancellationToken).ConfigureAwait(false);
            }

            _pending.Add(pack);
            if (clock.GetElapsedTime(_lastWritten) >= LongestWait)
            {
                await WritePendingAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>When the task ends, every pack that was added is named by a durable index file.</summary>
    internal async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await WritePendingAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Gives up the packs that no index file names yet. Only while nothing is added.</summary>
    internal IReadOnlyCollection<BlobId> TakePending() => [.. Interlocked.Exchange(ref _pending, []).Select(pack => pack.Id)];

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private async Task WritePendingAsync(CancellationToken cancellationToken)
    {
        if (_pending.Count > 0)
        {
            // What fails to be written stays pending: a later flush tries again, so no snapshot can refer to unnamed packs.
            _json.ResetWrittenCount();
            IndexFile.Encode(_pending, _json);
            await files.SaveAsync(FileKind.Index, _json.WrittenMemory, cancellationToken).ConfigureAwait(false);
            _pending = [];
        }

        _lastWritten = clock.GetTimestamp();
    }
}
