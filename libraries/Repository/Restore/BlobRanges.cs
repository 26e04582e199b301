using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Compares files with their blobs, several at the same time over all files.</summary>
internal sealed class BlobRanges(IBlobReader blobs, RestoreRequest request, RestoreCounters counters) : IDisposable
{
    private const int FewBlobs = 2;

    // Each holder has what the file has in the place of one blob.
    private readonly SemaphoreSlim _slots = new(request.Workers);

    /// <summary>True when the file has exactly the node's content.</summary>
    public async Task<bool> AreEqualAsync(SafeFileHandle file, Node node, CancellationToken cancellationToken)
    {
        if (RandomAccess.GetLength(file) != node.Size)
        {
            return false;
        }

        var equal = true;
        await ForEachAsync(node, range =>
        {
            if (Volatile.Read(ref equal) && !IsEqual(file, range))
            {
                Volatile.Write(ref equal, false);
            }
        }, cancellationToken).ConfigureAwait(false);
        return equal;
    }

    /// <summary>Bytes of the blobs that the file does not have in their place.</summary>
    public async Task<long> CountDifferencesAsync(SafeFileHandle file, Node node, CancellationToken cancellationToken)
    {
        long different = 0;
        await ForEachAsync(node, range =>
        {
            if (!IsEqual(file, range))
            {
                Interlocked.Add(ref different, range.Length);
            }
        }, cancellationToken).ConfigureAwait(false);
        return different;
    }

    /// <summary>The blobs that the file does not have in their place; reports the others as done.</summary>
    public async Task<IReadOnlyList<BlobRange>> FindDifferencesAsync(SafeFileHandle file, Node node, CancellationToken cancellationToken)
    {
        var different = new ConcurrentBag<BlobRange>();
        await ForEachAsync(node, range =>
        {
            if (IsEqual(file, range))
            {
                counters.Report(0, range.Length);
            }
            else
            {
                different.Add(range);
            }
        }, cancellationToken).ConfigureAwait(false);
        return [.. different];
    }

    /// <summary>Blobs of a file, in order.</summary>
    public IEnumerable<BlobRange> Of(Node node)
    {
        long offset = 0;
        foreach (var id in node.Content)
        {
            var location = blobs.Find(BlobType.Data, id) ?? throw Missing(id);
            yield return new BlobRange(id, location, offset);
            offset += location.PlainLength;
        }
    }

    public void Dispose() => _slots.Dispose();

    private async Task ForEachAsync(Node node, Action<BlobRange> work, CancellationToken cancellationToken)
    {
        var options = new ParallelOptions
        {
            MaxDegreeOfParallelism = node.Content.Count <= FewBlobs ? 1 : request.Workers,
            CancellationToken = cancellationToken,
        };
        await Parallel.ForEachAsync(Of(node), options, async (range, token) =>
        {
            await _slots.WaitAsync(token).ConfigureAwait(false);
            try
            {
                work(range);
            }
            finally
            {
                _slots.Release();
            }
        }).ConfigureAwait(false);
    }

    private static bool IsEqual(SafeFileHandle file, BlobRange range)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(range.Length);
        try
        {
            var present = buffer.AsSpan(0, range.Length);
            return ReadWhole(file, present, range.Offset) && BlobId.Of(present) == range.Id;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static bool ReadWhole(SafeFileHandle file, Span<byte> destination, long offset)
    {
        while (!destination.IsEmpty)
        {
            var read = RandomAccess.Read(file, destination, offset);
            if (read == 0)
            {
                return false;
            }

            destination = destination[read..];
            offset += read;
        }

        return true;
    }

    private static RepositoryException Missing(BlobId id) => new(RepositoryFailure.Damaged, $"blob {id} is in no index file");
}

/// <summary>A blob of a file.</summary>
/// <param name="Id">The blob.</param>
/// <param name="Location">Where it is stored.</param>
/// <param name="Offset">Its place in the file.</param>
internal readonly record struct BlobRange(BlobId Id, BlobLocation Location, long Offset)
{
    public int Length => (int)Location.PlainLength;
}
