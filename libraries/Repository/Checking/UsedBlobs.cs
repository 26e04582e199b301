using System.Collections.Concurrent;
using System.Numerics;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Indexes;

namespace StellaOps.Backup.Repository.Checking;

/// <summary>Blobs that trees need: one bit for each entry of the index, and those that cannot be had.</summary>
internal sealed class UsedBlobs
{
    private readonly BlobIndex _index;
    private readonly ulong[] _bits;

    internal UsedBlobs(BlobIndex index)
        : this(index, new ulong[Words(index)])
    {
    }

    private UsedBlobs(BlobIndex index, ulong[] bits) => (_index, _bits) = (index, bits);

    /// <summary>Needed, and in no index file.</summary>
    internal ConcurrentDictionary<(BlobType Type, BlobId Id), bool> Missing { get; } = new();

    /// <summary>Trees that are needed and cannot be read, with what is wrong; what they need is not known.</summary>
    internal ConcurrentDictionary<BlobId, string> UnreadableTrees { get; } = new();

    internal long Count => _bits.Sum(bits => (long)BitOperations.PopCount(bits));

    /// <summary>Marks a blob as needed; true the first time.</summary>
    internal bool Mark(BlobType type, BlobId id)
    {
        var number = _index.NumberOf(type, id);
        if (number < 0)
        {
            return Missing.TryAdd((type, id), true);
        }

        var bit = 1UL << (number & 63);
        return (Interlocked.Or(ref _bits[number >> 6], bit) & bit) == 0;
    }

    /// <summary>A copy with nothing missing, as large as the index is now: for more roots, whose missing blobs are told apart.</summary>
    internal UsedBlobs Extended()
    {
        var bits = new ulong[Words(_index)];
        _bits.CopyTo(bits, 0);
        return new UsedBlobs(_index, bits);
    }

    /// <param name="number">Number of an entry of the index.</param>
    internal bool IsUsed(int number) => (_bits[number >> 6] & (1UL << (number & 63))) != 0;

    /// <summary>True when anything in the pack is needed, and not found elsewhere first.</summary>
    internal bool IsUsed(BlobIndex.PackRange range) => Enumerable.Range(range.First, range.Count).Any(IsUsed);

    private static int Words(BlobIndex index) => (index.Count + 63) / 64;
}
