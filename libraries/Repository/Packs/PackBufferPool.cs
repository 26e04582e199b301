using System.Collections.Concurrent;

namespace StellaOps.Backup.Repository.Packs;

/// <summary>
/// The memory of a writer: <paramref name="count"/> buffers of <paramref name="capacity"/> bytes, filled or on their way to the
/// store. Whoever needs one more waits, which slows the readers down to the speed of the store.
/// </summary>
internal sealed class PackBufferPool(int count, int capacity) : IDisposable
{
    private readonly SemaphoreSlim _free = new(count);
    private readonly ConcurrentBag<PackBuffer> _idle = [];

    /// <param name="storedLength">Bytes of the blob that is to go in; one that is larger than a pack gets memory of its own.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async ValueTask<PackBuffer> RentAsync(int storedLength, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
        var needed = storedLength + PackBuffer.HeaderRoom;
        if (needed > capacity)
        {
            return new PackBuffer(GC.AllocateUninitializedArray<byte>(needed));
        }

        return _idle.TryTake(out var idle) ? idle : new PackBuffer(GC.AllocateUninitializedArray<byte>(capacity));
    }

    internal void Return(PackBuffer buffer)
    {
        buffer.Clear();
        if (buffer.Memory.Length == capacity)
        {
            _idle.Add(buffer);
        }

        _free.Release();
    }

    /// <inheritdoc/>
    public void Dispose() => _free.Dispose();
}
