using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Crypto;

namespace StellaOps.Backup.Repository.Packs;

/// <summary>A pack being filled, in memory: it goes to the store in one put, so that no half pack can ever be seen.</summary>
internal sealed class PackBuffer(Memory<byte> memory)
{
    /// <summary>
    /// Entries of a pack. It keeps the header within half a megabyte, and a pack's blobs within one index file, which holds
    /// more than twice as many.
    /// </summary>
    internal const int MostEntries = 10_000;

    /// <summary>Room for the largest header.</summary>
    internal const int HeaderRoom = MostEntries * PackHeader.CompressedEntryLength + PackHeader.Overhead;

    private readonly List<PackEntry> _entries = [];

    internal Memory<byte> Memory => memory;

    internal int Length { get; private set; }

    internal IReadOnlyList<PackEntry> Entries => _entries;

    internal bool HasRoomFor(int storedLength) => _entries.Count < MostEntries && Length + storedLength + HeaderRoom <= memory.Length;

    internal void Add(BlobType type, BlobId id, ReadOnlySpan<byte> unit, uint compressedFrom)
    {
        unit.CopyTo(memory.Span[Length..]);
        _entries.Add(new PackEntry(type, id, (uint)Length, (uint)unit.Length, compressedFrom));
        Length += unit.Length;
    }

    /// <summary>Ends the pack with its header, and reads the header back from the finished bytes before anyone trusts it.</summary>
    /// <returns>The bytes of the pack file.</returns>
    internal ReadOnlyMemory<byte> Finish(UnitSealer sealer)
    {
        var total = Length + PackHeader.Write(_entries, sealer, memory.Span[Length..]);
        var pack = memory[..total];
        var sealedLength = PackHeader.ReadLength(pack.Span[^PackHeader.LengthField..], total);
        var header = pack.Span.Slice(total - PackHeader.LengthField - sealedLength, sealedLength);
        return PackHeader.Read(header, total, sealer).SequenceEqual(_entries)
            ? pack
            : throw new RepositoryException(RepositoryFailure.Damaged, "a pack's header changed in memory before it was stored: check this machine's memory");
    }

    internal void Clear()
    {
        _entries.Clear();
        Length = 0;
    }
}
