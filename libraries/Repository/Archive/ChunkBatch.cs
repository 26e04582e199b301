using System.Buffers;
using System.Runtime.InteropServices;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Hashing;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>
/// Copies of chunks that follow each other in a file, to be saved by one task: a task for each of many short ones would cost more than saving it.
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

    public void Add(ReadOnlyMemory<byte> chunk)
    {
        chunk.CopyTo(memory.Memory[Filled..]);
        _chunks.Add(new BlobPart(Filled, chunk.Length));
    }

    public void Dispose() => memory.Dispose();
}
