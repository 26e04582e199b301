using Microsoft.Win32.SafeHandles;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Hashing;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Compares files with their blobs, several at the same time over all files.</summary>
/// <param name="blobs">What is compared with.</param>
/// <param name="buffers">Hold what files have: <see cref="RepositoryParts.Compared"/>.</param>
/// <param name="request">How many at a time.</param>
internal sealed class BlobRanges(IBlobReader blobs, BufferPool buffers, RestoreRequest request) : IDisposable
{
    /// <summary>Bytes that are read at once where blobs are short.</summary>
    private const int MostRead = 1 << 20;

    // Each holder has what the file has in the place of some blobs.
    private readonly SemaphoreSlim _slots = new(request.Workers);

    /// <summary>True when the file has exactly the node's content.</summary>
    public async Task<bool> AreEqualAsync(SafeFileHandle file, Node node, CancellationToken cancellationToken)
    {
        if (RandomAccess.GetLength(file) != node.Size)
        {
            return false;
        }

        return await AllAsync(file, node, differs: null, (_, isEqual) => isEqual, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Bytes of the blobs that the file does not have in their place.</summary>
    public async Task<long> CountDifferencesAsync(SafeFileHandle file, Node node, CancellationToken cancellationToken)
    {
        long different = 0;
        await AllAsync(file, node, differs: null, (range, isEqual) =>
        {
            Interlocked.Add(ref different, isEqual ? 0 : range.Length);
            return true;
        }, cancellationToken).ConfigureAwait(false);
        return different;
    }

    /// <summary>For each blob of the node, whether the file does not have it in its place.</summary>
    /// <param name="file">The file.</param>
    /// <param name="node">What it is compared with.</param>
    /// <param name="differs">Knows pieces that need no hash; null where none does.</param>
    /// <param name="onEqual">Told the bytes of blobs that it has, from any thread.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<bool[]> CompareAsync(SafeFileHandle file, Node node, PieceDiffers? differs, Action<long>? onEqual, CancellationToken cancellationToken)
    {
        var lacks = new bool[node.Content.Count];
        await AllAsync(file, node, differs, (range, isEqual) =>
        {
            lacks[range.Index] = !isEqual;
            if (isEqual)
            {
                onEqual?.Invoke(range.Length);
            }

            return true;
        }, cancellationToken).ConfigureAwait(false);
        return lacks;
    }

    /// <summary>Blobs of a file, in order.</summary>
    public IEnumerable<BlobRange> Of(Node node)
    {
        long offset = 0;
        for (var index = 0; index < node.Content.Count; index++)
        {
            var id = node.Content[index];
            var location = blobs.Find(BlobType.Data, id) ?? throw Missing(id);
            yield return new BlobRange(id, location, index, offset);
            offset += location.PlainLength;
        }
    }

    public void Dispose() => _slots.Dispose();

    /// <summary>Compares blob by blob as long as <paramref name="goOn"/>, told whether the file has a blob, returns true; it is called from any thread.</summary>
    /// <returns>True when it always did.</returns>
    private async Task<bool> AllAsync(SafeFileHandle file, Node node, PieceDiffers? differs, Func<BlobRange, bool, bool> goOn, CancellationToken cancellationToken)
    {
        var all = true;
        var options = new ParallelOptions { MaxDegreeOfParallelism = node.Size <= MostRead ? 1 : request.Workers, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(Together(Of(node)), options, async (ranges, token) =>
        {
            await _slots.WaitAsync(token).ConfigureAwait(false);
            try
            {
                if (Volatile.Read(ref all) && !Compare(file, ranges, differs, goOn))
                {
                    Volatile.Write(ref all, false);
                }
            }
            finally
            {
                _slots.Release();
            }
        }).ConfigureAwait(false);
        return all;
    }

    /// <summary>Neighbours with up to <see cref="MostRead"/> bytes; a longer one stands alone.</summary>
    private static IEnumerable<List<BlobRange>> Together(IEnumerable<BlobRange> ranges)
    {
        var (together, length) = (new List<BlobRange>(), 0L);
        foreach (var range in ranges)
        {
            if (together.Count > 0 && length + range.Length > MostRead)
            {
                yield return together;
                (together, length) = ([], 0);
            }

            together.Add(range);
            length += range.Length;
        }

        if (together.Count > 0)
        {
            yield return together;
        }
    }

    private bool Compare(SafeFileHandle file, List<BlobRange> ranges, PieceDiffers? differs, Func<BlobRange, bool, bool> goOn)
    {
        var start = ranges[0].Offset;
        var length = (int)(ranges[^1].Offset + ranges[^1].Length - start);
        using var buffer = buffers.Rent(length);

        // What is not there, not whole, or known to be another, has the hash of nothing.
        var present = buffer.Memory.Span[..Read(file, buffer.Memory.Span, start)];
        var (parts, found) = (new BlobPart[ranges.Count], new BlobId[ranges.Count]);
        for (var i = 0; i < parts.Length; i++)
        {
            var from = (int)(ranges[i].Offset - start);
            var mayBe = from + ranges[i].Length <= present.Length && differs?.Invoke(present.Slice(from, ranges[i].Length)) != true;
            parts[i] = mayBe ? new BlobPart(from, ranges[i].Length) : default;
        }

        BlobHashes.Hash(present, parts, found);
        for (var i = 0; i < parts.Length; i++)
        {
            if (!goOn(ranges[i], found[i] == ranges[i].Id))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads as much as there is.</summary>
    private static int Read(SafeFileHandle file, Span<byte> destination, long offset)
    {
        var done = 0;
        while (done < destination.Length && RandomAccess.Read(file, destination[done..], offset + done) is > 0 and var read)
        {
            done += read;
        }

        return done;
    }

    private static RepositoryException Missing(BlobId id) => new(RepositoryFailure.Damaged, $"blob {id} is in no index file");
}

/// <summary>A blob of a file.</summary>
/// <param name="Id">The blob.</param>
/// <param name="Location">Where it is stored.</param>
/// <param name="Index">Its place among the file's blobs.</param>
/// <param name="Offset">Its place in the file.</param>
internal readonly record struct BlobRange(BlobId Id, BlobLocation Location, int Index, long Offset)
{
    public int Length => (int)Location.PlainLength;
}
