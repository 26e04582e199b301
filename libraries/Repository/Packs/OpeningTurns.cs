using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Packs;

/// <summary>
/// Lets so many readers open blobs, and use them, at the same time: the others read ahead. More than there are processors would only wait for one another.
/// Memory: the largest blob in plain for each turn.
/// </summary>
internal sealed class OpeningTurns(int count) : IDisposable
{
    private readonly SemaphoreSlim _free = new(count);
    private readonly ConcurrentBag<GrowingBuffer> _idle = [];

    /// <returns>Room for a blob in plain, until <see cref="End"/>.</returns>
    internal async ValueTask<GrowingBuffer> BeginAsync(CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
        return _idle.TryTake(out var idle) ? idle : new GrowingBuffer();
    }

    internal void End(GrowingBuffer plain)
    {
        _idle.Add(plain);
        _free.Release();
    }

    public void Dispose() => _free.Dispose();
}
