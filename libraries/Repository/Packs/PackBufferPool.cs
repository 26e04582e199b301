using System.Collections.Concurrent;

namespace StellaOps.Backup.Repository.Packs;

/// <summary>
/// The memory of a repository's writer: <paramref name="count"/> buffers of <paramref name="capacity"/> bytes, filled or on their
/// way to the store. Whoever needs one more waits, which slows the readers down to the speed of the store. One writer's buffers
/// serve the next.
/// </summary>
internal sealed class PackBufferPool(int count, int capacity) : IDisposable
{
    /// <summary>Beyond the target: what the last blob adds, and the header.</summary>
    private const int Room = 1 << 20;

    /// <summary>Packs that are being filled: one of data, one of trees.</summary>
    private const int Filling = 2;

    private readonly SemaphoreSlim _free = new(count);
    private readonly ConcurrentBag<PackBuffer> _idle = [];

    internal static PackBufferPool For(RepositoryOptions options) => new(Filling + options.Uploads, options.PackTarget + Room);

    /// <summary>Bytes of all buffers: <c>(2 + Uploads) × (PackTarget + 1 MiB)</c>, 68 MiB as it comes.</summary>
    internal static long Memory(RepositoryOptions options) => (Filling + (long)options.Uploads) * (options.PackTarget + Room);

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
