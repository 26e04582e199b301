using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace StellaOps.Backup.Postgres.Pages;

/// <summary>
/// PostgreSQL's page checksum: 32 interleaved FNV-1a-like sums over the page, folded to 16 bits with the block number mixed in
/// (PostgreSQL source, src/include/storage/checksum_impl.h). Only the default block size of 8 KiB.
/// </summary>
public static class PageChecksums
{
    /// <summary>Bytes of a page.</summary>
    public const int PageSize = 8192;

    /// <summary>Pages of one segment file of a relation: 1 GiB.</summary>
    public const uint PagesPerSegment = 131072;

    private const int Sums = 32;
    private const int ChecksumOffset = 8;
    private const uint Prime = 16777619;

    private static readonly uint[] BaseOffsets =
    [
        0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A, 0x79FF467A, 0x9BB9F8A3, 0x217E7CD2, 0x83E13D2C,
        0xF8D4474F, 0xE39EB970, 0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C, 0xF718902A, 0x0B1C9CDB,
        0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979, 0xCCA6C0B2, 0x304A0979, 0x85AA43D4,
        0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E, 0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756,
    ];

    /// <summary>The checksum that a page should carry at a block number, counted from the start of the relation's fork.</summary>
    /// <remarks>Every page of a backup passes here: compiled for this processor and optimized at once, not after some thousand pages.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static ushort Compute(ReadOnlySpan<byte> page, uint block)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(page.Length, PageSize);
        var words = MemoryMarshal.Cast<byte, uint>(page);

        // Four independent vectors hide the latency of the multiplication.
        Vector256<uint> a = Vector256.Create(BaseOffsets.AsSpan(0, 8)), b = Vector256.Create(BaseOffsets.AsSpan(8, 8));
        Vector256<uint> c = Vector256.Create(BaseOffsets.AsSpan(16, 8)), d = Vector256.Create(BaseOffsets.AsSpan(24, 8));

        // The checksum counts as zero in its own computation: low half of word 2.
        var first = Vector256.Create(words[..8]) & Vector256.Create(uint.MaxValue, uint.MaxValue, 0xFFFF0000, uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue);
        a = Mix(a, first);
        b = Mix(b, Vector256.Create(words[8..16]));
        c = Mix(c, Vector256.Create(words[16..24]));
        d = Mix(d, Vector256.Create(words[24..32]));
        for (var row = Sums; row < PageSize / sizeof(uint); row += Sums)
        {
            var line = words.Slice(row, Sums);
            a = Mix(a, Vector256.Create(line[..8]));
            b = Mix(b, Vector256.Create(line[8..16]));
            c = Mix(c, Vector256.Create(line[16..24]));
            d = Mix(d, Vector256.Create(line[24..32]));
        }

        var sum = Finish(a) ^ Finish(b) ^ Finish(c) ^ Finish(d);
        var folded = 0u;
        for (var i = 0; i < Vector256<uint>.Count; i++)
        {
            folded ^= sum[i];
        }

        return (ushort)(((folded ^ block) % 65535) + 1);
    }

    /// <summary>True when the page is as PostgreSQL wrote it, or says nothing: a new page has no checksum.</summary>
    /// <param name="page">The page.</param>
    /// <param name="block">Its block number, counted from the start of the relation's fork.</param>
    public static bool IsIntact(ReadOnlySpan<byte> page, uint block) =>
        // pd_upper is 0 on a page that was never initialised; then all of it must be zero.
        BinaryPrimitives.ReadUInt16LittleEndian(page[14..]) == 0
            ? page.IndexOfAnyExcept((byte)0) < 0
            : BinaryPrimitives.ReadUInt16LittleEndian(page[ChecksumOffset..]) == Compute(page, block);

    /// <summary>Position of the last change of a page.</summary>
    public static Lsn PageLsn(ReadOnlySpan<byte> page) =>
        new(((ulong)BinaryPrimitives.ReadUInt32LittleEndian(page) << 32) | BinaryPrimitives.ReadUInt32LittleEndian(page[4..]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Mix(Vector256<uint> sum, Vector256<uint> value)
    {
        var mixed = sum ^ value;
        return (mixed * Prime) ^ (mixed >>> 17);
    }

    // Two rounds of zeroes mix the last words as well as the first.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Finish(Vector256<uint> sum) => Mix(Mix(sum, Vector256<uint>.Zero), Vector256<uint>.Zero);
}
