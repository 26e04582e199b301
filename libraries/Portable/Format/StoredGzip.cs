using System.Buffers.Binary;
using System.IO.Hashing;

namespace StellaOps.Backup.Portable.Format;

/// <summary>
/// A gzip member (RFC 1952) whose data is stored, not compressed (RFC 1951, section 3.2.4): what an archive holds is compressed and encrypted
/// already, and so each byte has a place that can be computed. Any number of members in a row are one gzip file.
/// <code>
/// 1f 8b 08 00 00000000 00 ff │ block… │ CRC-32 of the data, 4 bytes │ length of the data modulo 2^32, 4 bytes; little endian
/// block: 00, in the last one 01 │ length, 2 bytes │ its complement, 2 bytes │ up to 65,535 bytes of data
/// </code>
/// </summary>
internal static class StoredGzip
{
    internal const int HeaderLength = 10;
    internal const int BlockHeaderLength = 5;

    private const int BlockLength = 65_535;
    private const int TrailerLength = 8;

    private static ReadOnlySpan<byte> Header => [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

    /// <summary>Bytes of a member with this many bytes of data.</summary>
    internal static long EncodedLength(long length) => HeaderLength + BlockHeaderLength * Blocks(length) + length + TrailerLength;

    /// <summary>Where a byte of the data is in the member.</summary>
    internal static long PositionOf(long offset) => HeaderLength + BlockHeaderLength * (offset / BlockLength + 1) + offset;

    /// <summary>Makes a member of <paramref name="data"/>.</summary>
    internal static void Encode(ReadOnlySpan<byte> data, Span<byte> member)
    {
        Header.CopyTo(member);
        var rest = data;
        var output = member[HeaderLength..];
        do
        {
            var block = rest[..Math.Min(rest.Length, BlockLength)];
            rest = rest[block.Length..];
            output[0] = rest.IsEmpty ? (byte)1 : (byte)0;
            BinaryPrimitives.WriteUInt16LittleEndian(output[1..], (ushort)block.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(output[3..], (ushort)~block.Length);
            block.CopyTo(output[BlockHeaderLength..]);
            output = output[(BlockHeaderLength + block.Length)..];
        }
        while (!rest.IsEmpty);
        BinaryPrimitives.WriteUInt32LittleEndian(output, Crc32.HashToUInt32(data));
        BinaryPrimitives.WriteUInt32LittleEndian(output[4..], unchecked((uint)data.Length));
    }

    /// <summary>
    /// Takes the headers of blocks out of bytes that begin with data at <paramref name="offset"/>. Whether the headers are right is not looked at:
    /// whoever reads data checks that itself, by digests and signatures.
    /// </summary>
    /// <param name="encoded">From <see cref="PositionOf"/> of the offset on.</param>
    /// <param name="offset">Offset in the data.</param>
    /// <param name="data">Is filled; <paramref name="encoded"/> has to reach that far.</param>
    internal static void Strip(ReadOnlySpan<byte> encoded, long offset, Span<byte> data)
    {
        var within = (int)(offset % BlockLength);
        while (!data.IsEmpty)
        {
            var length = Math.Min(data.Length, BlockLength - within);
            encoded[..length].CopyTo(data);
            data = data[length..];
            if (!data.IsEmpty)
            {
                encoded = encoded[(length + BlockHeaderLength)..];
            }

            within = 0;
        }
    }

    private static long Blocks(long length) => Math.Max(1, (length + BlockLength - 1) / BlockLength);
}
