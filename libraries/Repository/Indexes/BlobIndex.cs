using System.Runtime.InteropServices;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Indexes;

/// <summary>
/// Which pack holds which blob, for the whole repository, in memory. A blob costs 48 bytes, and 5 to 10 bytes in a table of
/// slots (open addressing, 40–80 % full). Entries stand in the order in which packs were added, so a pack is a range of them.
/// A blob that lies in several packs has several entries; lookups answer the first. Safe for any number of threads.
/// </summary>
internal sealed class BlobIndex
{
    private const int ChunkBits = 14, ChunkLength = 1 << ChunkBits;

    /// <summary>A slot holds the number of an entry plus one, and above it bits of the id that spare most looks at wrong entries.</summary>
    private const int NumberBits = 27;
    private const uint NumberMask = (1u << NumberBits) - 1;
    private const uint TreeFlag = 1u << 31;

    private readonly Lock _lock = new();
    private readonly List<Entry[]> _chunks = [];
    private readonly List<PackRange> _packs = [];
    private readonly Dictionary<BlobId, int> _packNumbers = [];
    private uint[] _slots = new uint[1 << 10];
    private int _count;

    /// <summary>Entries, with those of blobs that lie in several packs. Entries are numbered from 0.</summary>
    internal int Count => Volatile.Read(ref _count);

    /// <summary>Adds a pack. One that is known with the same blobs is left as it is.</summary>
    internal void Add(IndexedPack pack)
    {
        lock (_lock)
        {
            if (_packNumbers.TryGetValue(pack.Id, out var known) && Matches(_packs[known], pack.Entries))
            {
                return;
            }

            _packs.Add(new PackRange(pack.Id, _count, pack.Entries.Count));
            _packNumbers.TryAdd(pack.Id, _packs.Count - 1);
            foreach (var entry in pack.Entries)
            {
                Append(entry, _packs.Count - 1);
            }
        }
    }

    /// <summary>A copy that lacks these packs.</summary>
    internal BlobIndex Without(IReadOnlyCollection<BlobId> packs)
    {
        var copy = new BlobIndex();
        foreach (var range in Packs().Where(range => !packs.Contains(range.Pack)))
        {
            copy.Add(new IndexedPack(range.Pack, EntriesOf(range)));
        }

        return copy;
    }

    internal bool Contains(BlobType type, BlobId id) => NumberOf(type, id) >= 0;

    /// <summary>Number of the blob's first entry; -1 when it is not in the index.</summary>
    internal int NumberOf(BlobType type, BlobId id)
    {
        lock (_lock)
        {
            foreach (var number in Candidates(id))
            {
                if (At(number).Is(type, id))
                {
                    return number;
                }
            }

            return -1;
        }
    }

    internal BlobLocation? Find(BlobType type, BlobId id)
    {
        lock (_lock)
        {
            var number = NumberOf(type, id);
            return number < 0 ? null : LocationOf(number);
        }
    }

    /// <summary>All places of a blob: when one is damaged, another may not be.</summary>
    internal IReadOnlyList<BlobLocation> FindAll(BlobType type, BlobId id)
    {
        var found = new List<BlobLocation>();
        lock (_lock)
        {
            foreach (var number in Candidates(id))
            {
                if (At(number).Is(type, id))
                {
                    found.Add(LocationOf(number));
                }
            }
        }

        return found;
    }

    /// <summary>Ranges of entries, by pack. A pack that index files describe differently has more than one.</summary>
    internal IReadOnlyList<PackRange> Packs()
    {
        lock (_lock)
        {
            return [.. _packs];
        }
    }

    internal bool ContainsPack(BlobId pack)
    {
        lock (_lock)
        {
            return _packNumbers.ContainsKey(pack);
        }
    }

    /// <summary>The entries of a range, in its order.</summary>
    internal PackEntry[] EntriesOf(PackRange range)
    {
        lock (_lock)
        {
            var entries = new PackEntry[range.Count];
            for (var i = 0; i < entries.Length; i++)
            {
                entries[i] = At(range.First + i).ToPackEntry();
            }

            return entries;
        }
    }

    private bool Matches(PackRange range, IReadOnlyList<PackEntry> entries)
    {
        for (var i = 0; i < entries.Count; i++)
        {
            if (range.Count != entries.Count || At(range.First + i).ToPackEntry() != entries[i])
            {
                return false;
            }
        }

        return true;
    }

    private void Append(PackEntry entry, int pack)
    {
        if (_count == NumberMask - 1)
        {
            throw new RepositoryException(RepositoryFailure.Unsupported, $"the repository has more than {NumberMask - 1} blobs");
        }

        if (_count == _chunks.Count * ChunkLength)
        {
            _chunks.Add(new Entry[ChunkLength]);
        }

        if (_count + 1L > _slots.Length * 8L / 10)
        {
            Grow();
        }

        At(_count) = new Entry(entry, (uint)pack);
        Link(_slots, entry.Id, _count);
        Volatile.Write(ref _count, _count + 1);
    }

    private void Grow()
    {
        var slots = new uint[_slots.Length * 2];
        for (var number = 0; number < _count; number++)
        {
            Link(slots, At(number).Id, number);
        }

        _slots = slots;
    }

    private static void Link(uint[] slots, BlobId id, int number)
    {
        var at = Home(id, slots.Length);
        while (slots[at] != 0)
        {
            at = (at + 1) & (slots.Length - 1);
        }

        slots[at] = Tag(id) | (uint)(number + 1);
    }

    /// <summary>Entries whose slots could be the id's, in the order in which they were added.</summary>
    private CandidateEnumerator Candidates(BlobId id) => new(_slots, id);

    // Ids are SHA-256: any of their bits are as good as a hash. The home takes low bits, the tag high ones.
    private static int Home(BlobId id, int slots) => id.GetHashCode() & (slots - 1);

    private static uint Tag(BlobId id) => (uint)id.GetHashCode() >> NumberBits << NumberBits;

    private ref Entry At(int number) => ref _chunks[number >> ChunkBits][number & (ChunkLength - 1)];

    private BlobLocation LocationOf(int number)
    {
        ref var entry = ref At(number);
        var packed = entry.ToPackEntry();
        return new BlobLocation(_packs[entry.PackNumber].Pack, packed.Offset, packed.StoredLength, packed.PlainLength, packed.Compressed);
    }

    /// <summary>Blobs of a pack: entries <see cref="First"/> to <see cref="First"/> + <see cref="Count"/> − 1.</summary>
    internal readonly record struct PackRange(BlobId Pack, int First, int Count);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Entry(PackEntry entry, uint pack)
    {
        internal readonly BlobId Id = entry.Id;
        private readonly uint _pack = pack | (entry.Type == BlobType.Tree ? TreeFlag : 0);
        private readonly uint _offset = entry.Offset, _stored = entry.StoredLength, _compressedFrom = entry.CompressedFrom;

        internal int PackNumber => (int)(_pack & ~TreeFlag);

        private BlobType Type => (_pack & TreeFlag) != 0 ? BlobType.Tree : BlobType.Data;

        internal bool Is(BlobType type, BlobId id) => Id == id && Type == type;

        internal PackEntry ToPackEntry() => new(Type, Id, _offset, _stored, _compressedFrom);
    }

    private struct CandidateEnumerator(uint[] slots, BlobId id)
    {
        private readonly uint _tag = Tag(id);
        private int _at = Home(id, slots.Length) - 1;

        public readonly CandidateEnumerator GetEnumerator() => this;

        public int Current { get; private set; }

        public bool MoveNext()
        {
            while (true)
            {
                _at = (_at + 1) & (slots.Length - 1);
                var slot = slots[_at];
                if (slot == 0)
                {
                    return false;
                }

                if ((slot & ~NumberMask) == _tag)
                {
                    Current = (int)(slot & NumberMask) - 1;
                    return true;
                }
            }
        }
    }
}
