using System.Buffers.Binary;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Crypto;

namespace StellaOps.Backup.Repository.Packs;

/// <summary>
/// The end of a pack: <c>sealed header ‖ its length (4, little endian)</c>. The header is a row of entries: type (1), stored length
/// (4), plain length (4, compressed types only), id (32); offsets are running sums (restic design, "Pack Format").
/// </summary>
internal static class PackHeader
{
    internal const int EntryLength = 1 + 4 + BlobId.Length, CompressedEntryLength = EntryLength + 4;

    /// <summary>Bytes around the entries: IV, MAC and the length field.</summary>
    internal const int Overhead = UnitCipher.Overhead + LengthField;
    internal const int LengthField = 4;

    /// <summary>Bytes of the sealed header that any reader has to accept.</summary>
    internal const int Largest = 16 << 20;

    private const byte CompressedFlag = 2;

    /// <summary>Bytes of a whole pack with these entries: what the store must hold.</summary>
    internal static long PackLength(IEnumerable<PackEntry> entries)
    {
        long length = Overhead;
        foreach (var entry in entries)
        {
            length += entry.StoredLength + entry.HeaderLength;
        }

        return length;
    }

    /// <summary>Writes header and length field at the end of <paramref name="pack"/>'s blobs.</summary>
    /// <returns>Bytes written.</returns>
    internal static int Write(IReadOnlyList<PackEntry> entries, UnitSealer sealer, Span<byte> destination)
    {
        var plain = new byte[entries.Sum(entry => entry.HeaderLength)];
        var at = 0;
        foreach (var entry in entries)
        {
            var part = plain.AsSpan(at, entry.HeaderLength);
            part[0] = (byte)((int)entry.Type | (entry.Compressed ? CompressedFlag : 0));
            BinaryPrimitives.WriteUInt32LittleEndian(part[1..], entry.StoredLength);
            if (entry.Compressed)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(part[5..], entry.CompressedFrom);
            }

            entry.Id.CopyTo(part[^BlobId.Length..]);
            at += part.Length;
        }

        var sealedLength = plain.Length + UnitCipher.Overhead;
        sealer.Seal(plain, destination[..sealedLength]);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[sealedLength..], (uint)sealedLength);
        return sealedLength + LengthField;
    }

    /// <summary>Length of the sealed header, from the pack's last four bytes.</summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/>: impossible for a pack of this length.</exception>
    internal static int ReadLength(ReadOnlySpan<byte> field, long packLength)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(field);
        return length is >= UnitCipher.Overhead + EntryLength and <= Largest && length + LengthField < packLength
            ? (int)length
            : throw Damaged("the length of its header is impossible");
    }

    /// <summary>Opens and reads the sealed header of a pack of <paramref name="packLength"/> bytes.</summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/>.</exception>
    internal static IReadOnlyList<PackEntry> Read(ReadOnlySpan<byte> sealedHeader, long packLength, UnitSealer sealer)
    {
        var plain = new byte[Math.Max(0, sealedHeader.Length - UnitCipher.Overhead)];
        return sealer.TryOpen(sealedHeader, plain)
            ? Decode(plain, packLength - sealedHeader.Length - LengthField)
            : throw Damaged("the authentication code of its header is wrong");
    }

    internal static IReadOnlyList<PackEntry> Decode(ReadOnlySpan<byte> plain, long blobsLength)
    {
        var entries = new List<PackEntry>(plain.Length / EntryLength);
        long offset = 0;
        while (plain.Length > 0)
        {
            var type = plain[0];
            var compressed = (type & CompressedFlag) != 0;
            var length = compressed ? CompressedEntryLength : EntryLength;
            if (type > 3 || plain.Length < length)
            {
                throw Damaged("its header has an entry of an unknown kind");
            }

            var stored = BinaryPrimitives.ReadUInt32LittleEndian(plain[1..]);
            var from = compressed ? BinaryPrimitives.ReadUInt32LittleEndian(plain[5..]) : 0;
            if (stored < UnitCipher.Overhead || offset + stored > blobsLength || offset > uint.MaxValue)
            {
                throw Damaged("its header has an entry that does not fit into it");
            }

            entries.Add(new PackEntry((BlobType)(type & 1), new BlobId(plain.Slice(length - BlobId.Length, BlobId.Length)), (uint)offset, stored, from));
            offset += stored;
            plain = plain[length..];
        }

        return offset == blobsLength && entries.Count > 0 ? entries : throw Damaged("its header does not cover all of its blobs");
    }

    private static RepositoryException Damaged(string why) => new(RepositoryFailure.Damaged, why);
}
