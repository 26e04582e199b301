using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Indexes;

/// <summary>Entries of packs one after the other, in memory that serves the next index file.</summary>
internal sealed class EntryBuffer
{
    private static readonly Comparer<PackEntry> ByOffset = Comparer<PackEntry>.Create((left, right) => left.Offset.CompareTo(right.Offset));

    private PackEntry[] _entries = new PackEntry[256];

    internal int Count { get; private set; }

    internal void Add(PackEntry entry)
    {
        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, 2 * Count); // What was handed out keeps the old array.
        }

        _entries[Count++] = entry;
    }

    /// <summary>The entries from a place on, in the order of their offsets; valid until <see cref="Clear"/>.</summary>
    internal ArraySegment<PackEntry> Since(int start)
    {
        Array.Sort(_entries, start, Count - start, ByOffset);
        return new ArraySegment<PackEntry>(_entries, start, Count - start);
    }

    internal void Clear() => Count = 0;
}
