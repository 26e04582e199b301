using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Packs;

/// <summary>
/// Lets so many readers open blobs, and use them, at the same time: the others read ahead. More than there are processors would only wait for one another.
/// Memory: for each turn the largest blob in plain, or 1 MiB of short ones.
/// </summary>
internal sealed class OpeningTurns(int count, BlobCodec codec) : IDisposable
{
    private readonly SemaphoreSlim _free = new(count);
    private readonly ConcurrentBag<OpenedBlobs> _idle = [];

    /// <returns>Room for blobs in plain, until <see cref="End"/>.</returns>
    internal async ValueTask<OpenedBlobs> BeginAsync(CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
        return _idle.TryTake(out var idle) ? idle : new OpenedBlobs(codec);
    }

    internal void End(OpenedBlobs opened)
    {
        opened.Clear();
        _idle.Add(opened);
        _free.Release();
    }

    public void Dispose() => _free.Dispose();
}
