using System.Buffers;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>
/// Copies of chunks that follow each other in a file, to be saved by one task: a task for each of many short ones would cost more than saving it.
/// </summary>
internal sealed class ChunkBatch(IMemoryOwner<byte> memory) : IDisposable
{
    /// <summary>Bytes at which no more is waited for; no content-defined chunk but the last of a file is shorter.</summary>
    internal const int Length = 512 << 10;

    private readonly List<int> _ends = new(1);

    private int Filled => _ends.Count == 0 ? 0 : _ends[^1];

    /// <summary>The chunks, in order.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Chunks
    {
        get
        {
            var start = 0;
            foreach (var end in _ends)
            {
                yield return memory.Memory[start..end];
                start = end;
            }
        }
    }

    public int Count => _ends.Count;

    public bool HasRoomFor(int chunkLength) => Filled + chunkLength <= memory.Memory.Length;

    public void Add(ReadOnlyMemory<byte> chunk)
    {
        chunk.CopyTo(memory.Memory[Filled..]);
        _ends.Add(Filled + chunk.Length);
    }

    public void Dispose() => memory.Dispose();
}
