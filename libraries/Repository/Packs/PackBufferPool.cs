using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Packs;

/// <summary>
/// The memory of a repository's writer for packs of one type: <paramref name="count"/> buffers of <paramref name="capacity"/> bytes, filled or on
/// their way to the store. Whoever needs one more waits, which slows the readers down to the speed of the store. One writer's buffers
/// serve the next.
/// </summary>
internal sealed class PackBufferPool(int count, int capacity) : IDisposable
{
    /// <summary>Beyond the target: what the last blob adds, and the header.</summary>
    private const int Room = 1 << 20;

    private readonly SemaphoreSlim _free = new(count);
    private readonly ConcurrentBag<PackBuffer> _idle = [];

    internal static PackBufferPool For(RepositoryOptions options, BlobType type) => new(Count(options, type), Capacity(options, type));

    /// <summary>Bytes of all buffers: <c>(1 + Uploads) × (PackTarget + 1 MiB) + 2 × (PackTarget / 4 + 1 MiB)</c>, 61 MiB as it comes.</summary>
    internal static long Memory(RepositoryOptions options) =>
        new[] { BlobType.Data, BlobType.Tree }.Sum(type => (long)Count(options, type) * Capacity(options, type));

    // One that is filled, and those on their way. Trees are a hundredth of the data: one on its way is enough.
    private static int Count(RepositoryOptions options, BlobType type) => 1 + (type == BlobType.Tree ? 1 : options.Uploads);

    private static int Capacity(RepositoryOptions options, BlobType type) => options.PackTargetOf(type) + Room;

    /// <param name="storedLength">Bytes of the blob that is to go in; one that is larger than a pack gets memory of its own.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async ValueTask<PackBuffer> RentAsync(int storedLength, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
        var needed = storedLength + PackBuffer.HeaderRoom;
        if (needed > capacity)
        {
            return new PackBuffer(AlignedMemory.Allocate(needed));
        }

        return _idle.TryTake(out var idle) ? idle : new PackBuffer(AlignedMemory.Allocate(capacity));
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
