using System.Buffers;
using System.Runtime.InteropServices;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Hashing;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>
/// Chunks that follow each other in a file, to be saved by one task: a task for each of many short ones would cost more than saving it.
/// </summary>
internal sealed class ChunkBatch(IMemoryOwner<byte> memory) : IDisposable
{
    /// <summary>Bytes at which no more is waited for.</summary>
    internal const int Length = BlobHashes.Gathered;

    private readonly List<BlobPart> _chunks = new(1);

    private int Filled => _chunks.Count == 0 ? 0 : _chunks[^1].Start + _chunks[^1].Length;

    public int Count => _chunks.Count;

    /// <summary>A chunk.</summary>
    public ReadOnlyMemory<byte> this[int chunk] => memory.Memory.Slice(_chunks[chunk].Start, _chunks[chunk].Length);

    /// <summary>Ids of the chunks, in order.</summary>
    public BlobId[] Hash()
    {
        var ids = new BlobId[_chunks.Count];
        BlobHashes.Hash(memory.Memory.Span, CollectionsMarshal.AsSpan(_chunks), ids);
        return ids;
    }

    public bool HasRoomFor(int chunkLength) => Filled + chunkLength <= memory.Memory.Length;

    /// <summary>Whether a file with such cuts can be read right into a batch: then only its last one is shorter.</summary>
    public static bool CanRead(int fixedSize) => fixedSize > 0 && Length % fixedSize == 0;

    /// <summary>Reads into an empty batch until it is full, or the content ends.</summary>
    /// <returns>Bytes read: less than <see cref="Length"/> at the end.</returns>
    public async ValueTask<int> FillAsync(IFileContent content, int fixedSize, CancellationToken cancellationToken)
    {
        var filled = 0;
        while (filled < Length && await content.ReadAsync(memory.Memory[filled..Length], cancellationToken).ConfigureAwait(false) is > 0 and var read)
        {
            filled += read;
        }

        for (var start = 0; start < filled; start += fixedSize)
        {
            _chunks.Add(new BlobPart(start, Math.Min(fixedSize, filled - start)));
        }

        return filled;
    }

    /// <summary>Adds a copy of a chunk.</summary>
    public void Add(ReadOnlyMemory<byte> chunk)
    {
        chunk.CopyTo(memory.Memory[Filled..]);
        _chunks.Add(new BlobPart(Filled, chunk.Length));
    }

    public void Dispose() => memory.Dispose();
}
