using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Crypto;

namespace StellaOps.Backup.Repository.Packs;

/// <summary>A blob of a pack, as header and index describe it.</summary>
/// <param name="Type">Data or tree.</param>
/// <param name="Id">SHA-256 of the plaintext.</param>
/// <param name="Offset">Bytes from the pack's start.</param>
/// <param name="StoredLength">Bytes in the pack, with IV and MAC.</param>
/// <param name="CompressedFrom">Bytes of the plaintext when it is compressed, else 0.</param>
internal readonly record struct PackEntry(BlobType Type, BlobId Id, uint Offset, uint StoredLength, uint CompressedFrom)
{
    internal bool Compressed => CompressedFrom != 0;

    internal uint PlainLength => Compressed ? CompressedFrom : StoredLength - UnitCipher.Overhead;

    /// <summary>Bytes of the entry in a pack's header.</summary>
    internal int HeaderLength => Compressed ? PackHeader.CompressedEntryLength : PackHeader.EntryLength;
}

/// <summary>A pack with all its blobs, in the order of their offsets.</summary>
internal sealed record IndexedPack(BlobId Id, IReadOnlyList<PackEntry> Entries);
