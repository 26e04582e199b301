using System.Buffers;
using StellaOps.Backup.Repository.Compression;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Blobs;

/// <summary>From plaintext to the unit in a pack, and back. Safe for any number of threads.</summary>
internal sealed class BlobCodec(UnitSealer sealer, Zstd zstd, bool compress)
{
    private readonly BufferPool _units = new();

    /// <summary>The same with other compression.</summary>
    internal BlobCodec With(Zstd other) => new(sealer, other, compress);

    /// <summary>Compresses where that helps, and seals.</summary>
    /// <returns>The unit, in memory that goes back when it is disposed, and the plaintext's length when it was compressed, else 0.</returns>
    /// <remarks>restic rewrites packs with uncompressed trees whenever it prunes, so trees are always compressed.</remarks>
    internal (SealedUnit Unit, uint CompressedFrom) Encode(BlobType type, ReadOnlySpan<byte> plain)
    {
        // Room for what compression may add to content that it cannot shrink.
        var unit = Rent(type, (compress ? Zstd.Bound(plain.Length) : plain.Length) + UnitCipher.Overhead);
        var content = unit.Memory.Span[UnitCipher.IvLength..];
        if (compress && plain.Length > 0)
        {
            var length = zstd.Compress(plain, content);
            if (length < plain.Length || type == BlobType.Tree)
            {
                return (SealInPlace(unit, length), (uint)plain.Length);
            }
        }

        plain.CopyTo(content);
        return (SealInPlace(unit, plain.Length), 0);
    }

    /// <summary>
    /// Seals content that another repository had: a compressed frame stays as it is, unless this repository is of version 1, which has
    /// none; what was not compressed is treated as new.
    /// </summary>
    /// <param name="type">Data or tree.</param>
    /// <param name="content">Frame, or plaintext; its hash was compared.</param>
    /// <param name="compressedFrom">Length of the plaintext when <paramref name="content"/> is a frame, else 0.</param>
    internal (SealedUnit Unit, uint CompressedFrom) Encode(BlobType type, ReadOnlySpan<byte> content, uint compressedFrom)
    {
        if (compressedFrom == 0)
        {
            return Encode(type, content);
        }

        if (compress)
        {
            return (Seal(type, content), compressedFrom);
        }

        using var plain = RentedMemory.Rent((int)compressedFrom);
        return zstd.TryDecompress(content, plain.Memory.Span)
            ? (Seal(type, plain.Memory.Span), 0u)
            : throw new RepositoryException(RepositoryFailure.Damaged, "the compression of a blob broke in memory: check this machine's memory");
    }

    /// <summary>Opens a unit (in place: <paramref name="unit"/> is overwritten), decompresses and compares the hash.</summary>
    /// <param name="unit">Stored bytes; they belong to the answer from now on.</param>
    /// <param name="location">What the index says.</param>
    /// <param name="id">Hash that the plaintext must have.</param>
    /// <returns>The plaintext, or null and what is wrong.</returns>
    internal (RentedMemory? Plain, string? Wrong) Decode(RentedMemory unit, BlobLocation location, BlobId id)
    {
        var (plain, wrong) = Open(unit, location);
        if (plain is not null && BlobId.Of(plain.Memory.Span) != id)
        {
            plain.Dispose();
            return (null, "its hash is wrong");
        }

        return (plain, wrong);
    }

    /// <summary>
    /// Proves a unit where it lies, and leaves it open: what was sealed, compressed as it was, stands between the places of IV and MAC.
    /// </summary>
    /// <param name="unit">Stored bytes.</param>
    /// <param name="plainLength">Bytes of the plaintext.</param>
    /// <param name="compressed">Whether the plaintext was compressed.</param>
    /// <param name="id">Hash that the plaintext must have.</param>
    /// <param name="scratch">Where a plaintext goes that does not fit into the unit's place.</param>
    /// <param name="plain">The plaintext: a part of <paramref name="unit"/> or of <paramref name="scratch"/>, until either is used again.</param>
    /// <returns>What is wrong; null when it holds what it should.</returns>
    internal string? DecodeInPlace(Span<byte> unit, uint plainLength, bool compressed, BlobId id, GrowingBuffer scratch, out ReadOnlySpan<byte> plain)
    {
        plain = default;
        if (sealer.OpenInPlace(unit) is not { } range)
        {
            return "its authentication code is wrong";
        }

        plain = unit[range];
        if (compressed)
        {
            if (plainLength > Array.MaxLength)
            {
                return "its length is impossible";
            }

            var content = scratch.Take((int)plainLength).Span;
            if (!zstd.TryDecompress(plain, content))
            {
                return "its compression is broken";
            }

            plain = content;
        }

        return BlobId.Of(plain) == id ? null : "its hash is wrong";
    }

    /// <summary>Opens a unit into its own room, without a look at its hash.</summary>
    /// <param name="unit">Stored bytes; overwritten.</param>
    /// <param name="compressed">Whether the plaintext was compressed.</param>
    /// <param name="plain">Receives the plaintext, and is as long.</param>
    /// <returns>What is wrong; null when it was opened.</returns>
    internal string? Open(Span<byte> unit, bool compressed, Span<byte> plain)
    {
        if (sealer.OpenInPlace(unit) is not { } range)
        {
            return "its authentication code is wrong";
        }

        if (compressed)
        {
            return zstd.TryDecompress(unit[range], plain) ? null : "its compression is broken";
        }

        unit[range].CopyTo(plain);
        return null;
    }

    /// <summary>Whether a unit is as it was sealed; does not open it.</summary>
    internal bool IsAuthentic(ReadOnlySpan<byte> unit) => sealer.IsAuthentic(unit);

    private (RentedMemory? Plain, string? Wrong) Open(RentedMemory unit, BlobLocation location)
    {
        if (sealer.OpenInPlace(unit.Memory.Span) is not { } range)
        {
            unit.Dispose();
            return (null, "its authentication code is wrong");
        }

        var (offset, stored) = range.GetOffsetAndLength(unit.Memory.Length);
        var opened = unit.Slice(offset, stored);
        if (!location.Compressed)
        {
            return (opened, null);
        }

        using (opened)
        {
            var plain = RentedMemory.Rent((int)location.PlainLength);
            if (zstd.TryDecompress(opened.Memory.Span, plain.Memory.Span))
            {
                return (plain, null);
            }

            plain.Dispose();
            return (null, "its compression is broken");
        }
    }

    private SealedUnit Seal(BlobType type, ReadOnlySpan<byte> content)
    {
        var unit = Rent(type, content.Length + UnitCipher.Overhead);
        content.CopyTo(unit.Memory.Span[UnitCipher.IvLength..]);
        return SealInPlace(unit, content.Length);
    }

    /// <summary>Data is never longer than a cut, and its memory is kept; a tree may be.</summary>
    private IMemoryOwner<byte> Rent(BlobType type, int length) => type == BlobType.Tree ? RentedMemory.Rent(length) : _units.Rent(length);

    private SealedUnit SealInPlace(IMemoryOwner<byte> unit, int length)
    {
        sealer.SealInPlace(unit.Memory.Span[..(length + UnitCipher.Overhead)]);
        return new SealedUnit(unit, length + UnitCipher.Overhead);
    }
}

/// <summary>A unit at the start of borrowed memory; disposing gives the memory back.</summary>
internal readonly record struct SealedUnit(IMemoryOwner<byte> Owner, int Length) : IDisposable
{
    internal ReadOnlyMemory<byte> Memory => Owner.Memory[..Length];

    /// <inheritdoc/>
    public void Dispose() => Owner.Dispose();
}
