using System.Buffers.Binary;

namespace StellaOps.Backup.Postgres.Wal;

/// <summary>
/// The long header of a segment's first page (PostgreSQL source, src/include/access/xlog_internal.h, XLogLongPageHeaderData): says
/// which cluster the bytes belong to and where, so that a file can be told from another cluster's, and from a recycled one.
/// </summary>
/// <param name="Timeline">Timeline of the page; that of the parent where a timeline began in the middle of the segment.</param>
/// <param name="Start">First byte of the segment.</param>
/// <param name="SystemIdentifier">Cluster.</param>
/// <param name="SegmentSize">Bytes of a segment.</param>
public sealed record SegmentHeader(uint Timeline, Lsn Start, ulong SystemIdentifier, long SegmentSize)
{
    /// <summary>Bytes of the header, padded.</summary>
    public const int Length = 40;

    internal const int ShortLength = 24, PageSize = 8192;
    internal const ushort FirstIsContinuation = 0x0001, LongHeader = 0x0002;

    /// <summary>The first bytes of the magic numbers of versions 15 to 18 are 0xD110 and above.</summary>
    private const ushort OldestMagic = 0xD110, NewestMagic = 0xD1FF;

    /// <summary>Reads the header; null when the bytes are no first page of a segment.</summary>
    public static SegmentHeader? TryParse(ReadOnlySpan<byte> page)
    {
        if (page.Length < Length || !HasMagic(page) || (BinaryPrimitives.ReadUInt16LittleEndian(page[2..]) & LongHeader) == 0)
        {
            return null;
        }

        var size = BinaryPrimitives.ReadUInt32LittleEndian(page[32..]);
        return BinaryPrimitives.ReadUInt32LittleEndian(page[36..]) != PageSize || !ulong.IsPow2(size) || size is < 1 << 20 or > 1 << 30
            ? null
            : new SegmentHeader(
                BinaryPrimitives.ReadUInt32LittleEndian(page[4..]),
                new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(page[8..])),
                BinaryPrimitives.ReadUInt64LittleEndian(page[24..]),
                size);
    }

    internal static bool HasMagic(ReadOnlySpan<byte> page) =>
        BinaryPrimitives.ReadUInt16LittleEndian(page) is >= OldestMagic and <= NewestMagic;
}
