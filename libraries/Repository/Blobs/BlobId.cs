using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace StellaOps.Backup.Repository.Blobs;

/// <summary>
/// SHA-256: of a blob's plaintext, of a pack file, or of an unpacked file as stored. Names everything in a repository
/// (restic design, "Repository Format").
/// </summary>
[StructLayout(LayoutKind.Sequential)]
[JsonConverter(typeof(BlobIdJsonConverter))]
public readonly record struct BlobId : IComparable<BlobId>
{
    /// <summary>Bytes of an id.</summary>
    public const int Length = 32;

    private readonly ulong _a, _b, _c, _d;

    /// <summary>Takes 32 bytes as they are.</summary>
    public BlobId(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length);
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        (_a, _b, _c, _d) = (words[0], words[1], words[2], words[3]);
    }

    /// <summary>Hashes <paramref name="content"/>.</summary>
    public static BlobId Of(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[Length];
        SHA256.HashData(content, hash);
        return new BlobId(hash);
    }

    /// <summary>Reads 64 lower-case hexadecimal digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out BlobId id)
    {
        Span<byte> bytes = stackalloc byte[Length];
        id = default;
        if (text.Length != 2 * Length || text.ContainsAnyInRange('A', 'F')
            || Convert.FromHexString(text, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        id = new BlobId(bytes);
        return true;
    }

    /// <summary>Reads 64 lower-case hexadecimal digits in UTF-8.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out BlobId id)
    {
        Span<byte> bytes = stackalloc byte[Length];
        id = default;
        if (utf8.Length != 2 * Length || utf8.ContainsAnyInRange((byte)'A', (byte)'F')
            || Convert.FromHexString(utf8, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        id = new BlobId(bytes);
        return true;
    }

    /// <summary>Writes 64 lower-case hexadecimal digits in UTF-8.</summary>
    public void WriteHex(Span<byte> utf8) =>
        Convert.TryToHexStringLower(MemoryMarshal.AsBytes(new ReadOnlySpan<BlobId>(in this)), utf8, out _);

    /// <summary>Writes the 32 bytes.</summary>
    public void CopyTo(Span<byte> destination) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<BlobId>(in this)).CopyTo(destination);

    /// <inheritdoc/>
    public int CompareTo(BlobId other) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<BlobId>(in this)).SequenceCompareTo(MemoryMarshal.AsBytes(new ReadOnlySpan<BlobId>(in other)));

    /// <inheritdoc/>
    public override int GetHashCode() => _a.GetHashCode();

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString() =>
        Convert.ToHexStringLower(MemoryMarshal.AsBytes(new ReadOnlySpan<BlobId>(in this)));

    public static bool operator <(BlobId left, BlobId right) => left.CompareTo(right) < 0;
    public static bool operator <=(BlobId left, BlobId right) => left.CompareTo(right) <= 0;
    public static bool operator >(BlobId left, BlobId right) => left.CompareTo(right) > 0;
    public static bool operator >=(BlobId left, BlobId right) => left.CompareTo(right) >= 0;
}

/// <summary>The two kinds of blobs; they never share a pack.</summary>
public enum BlobType
{
    Data = 0,
    Tree = 1,
}
