using System.Buffers;
using Microsoft.Win32.SafeHandles;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Compares and writes the blobs of files, several at the same time over all files.</summary>
internal sealed class BlobRanges(IBlobReader blobs, RestoreRequest request, RestoreCounters counters) : IDisposable
{
    private const int FewBlobs = 2;

    // Each holder has at most one blob sealed, one in plain and what the file has in its place.
    private readonly SemaphoreSlim _slots = new(request.Workers);

    /// <summary>True when the file has exactly the node's content.</summary>
    public async Task<bool> AreEqualAsync(SafeFileHandle file, Node node, CancellationToken cancellationToken)
    {
        if (RandomAccess.GetLength(file) != node.Size)
        {
            return false;
        }

        var equal = true;
        await ForEachAsync(node, (range, _) =>
        {
            if (Volatile.Read(ref equal) && !IsEqual(file, range))
            {
                Volatile.Write(ref equal, false);
            }

            return ValueTask.CompletedTask;
        }, cancellationToken).ConfigureAwait(false);
        return equal;
    }

    /// <summary>Bytes of the blobs that the file does not have in their place.</summary>
    public async Task<long> CountDifferencesAsync(SafeFileHandle file, Node node, CancellationToken cancellationToken)
    {
        long different = 0;
        await ForEachAsync(node, (range, _) =>
        {
            if (!IsEqual(file, range))
            {
                Interlocked.Add(ref different, range.Length);
            }

            return ValueTask.CompletedTask;
        }, cancellationToken).ConfigureAwait(false);
        return different;
    }

    /// <summary>Writes the blobs that the file does not have in their place, and cuts it to its length.</summary>
    /// <returns>True when anything had to be changed.</returns>
    public async Task<bool> WriteDifferencesAsync(SafeFileHandle file, Node node, CancellationToken cancellationToken)
    {
        var changed = RandomAccess.GetLength(file) != node.Size;
        await ForEachAsync(node, async (range, token) =>
        {
            if (!IsEqual(file, range))
            {
                Volatile.Write(ref changed, true);
                await WriteAsync(file, range, sparse: false, token).ConfigureAwait(false);
            }

            counters.Report(0, range.Length);
        }, cancellationToken).ConfigureAwait(false);
        if (changed)
        {
            RandomAccess.SetLength(file, node.Size);
        }

        return changed;
    }

    /// <summary>Writes all blobs into an empty file.</summary>
    public async Task WriteAllAsync(SafeFileHandle file, Node node, CancellationToken cancellationToken)
    {
        RandomAccess.SetLength(file, node.Size);
        await ForEachAsync(node, async (range, token) =>
        {
            await WriteAsync(file, range, request.Sparse, token).ConfigureAwait(false);
            counters.Report(0, range.Length);
        }, cancellationToken).ConfigureAwait(false);
    }

    public void Dispose() => _slots.Dispose();

    private async Task ForEachAsync(Node node, Func<BlobRange, CancellationToken, ValueTask> work, CancellationToken cancellationToken)
    {
        var options = new ParallelOptions
        {
            MaxDegreeOfParallelism = node.Content.Count <= FewBlobs ? 1 : request.Workers,
            CancellationToken = cancellationToken,
        };
        await Parallel.ForEachAsync(RangesOf(node), options, async (range, token) =>
        {
            await _slots.WaitAsync(token).ConfigureAwait(false);
            try
            {
                await work(range, token).ConfigureAwait(false);
            }
            finally
            {
                _slots.Release();
            }
        }).ConfigureAwait(false);
    }

    private IEnumerable<BlobRange> RangesOf(Node node)
    {
        long offset = 0;
        foreach (var id in node.Content)
        {
            var length = (int)(blobs.Find(BlobType.Data, id) ?? throw Missing(id)).PlainLength;
            yield return new BlobRange(id, offset, length);
            offset += length;
        }
    }

    private async ValueTask WriteAsync(SafeFileHandle file, BlobRange range, bool sparse, CancellationToken cancellationToken)
    {
        using var blob = await blobs.ReadAsync(BlobType.Data, range.Id, cancellationToken).ConfigureAwait(false);
        counters.AddBytesWritten(SparseWriting.Write(file, blob.Memory.Span, range.Offset, sparse));
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

    private readonly record struct BlobRange(BlobId Id, long Offset, int Length);
}
