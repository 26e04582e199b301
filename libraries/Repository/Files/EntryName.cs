using System.Text;

namespace StellaOps.Backup.Repository.Files;

/// <summary>A file name or link target as Linux knows it: bytes, usually but not always UTF-8. Ordered by bytes.</summary>
public readonly struct EntryName : IEquatable<EntryName>, IComparable<EntryName>
{
    private readonly byte[]? _bytes;

    public EntryName(ReadOnlySpan<byte> bytes) => _bytes = bytes.ToArray();

    public EntryName(string text) => _bytes = Encoding.UTF8.GetBytes(text);

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>True when a directory can hold an entry of this name: not empty, not <c>.</c> or <c>..</c>, without slash and zero.</summary>
    public bool IsFileName =>
        !Bytes.IsEmpty && !Bytes.SequenceEqual("."u8) && !Bytes.SequenceEqual(".."u8) && !Bytes.ContainsAny((byte)'/', (byte)0);

    /// <inheritdoc/>
    public bool Equals(EntryName other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is EntryName other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public int CompareTo(EntryName other) => Bytes.SequenceCompareTo(other.Bytes);

    /// <summary>For people: bytes that are not UTF-8 show as U+FFFD.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Bytes);

    public static bool operator ==(EntryName left, EntryName right) => left.Equals(right);
    public static bool operator !=(EntryName left, EntryName right) => !left.Equals(right);
    public static bool operator <(EntryName left, EntryName right) => left.CompareTo(right) < 0;
    public static bool operator <=(EntryName left, EntryName right) => left.CompareTo(right) <= 0;
    public static bool operator >(EntryName left, EntryName right) => left.CompareTo(right) > 0;
    public static bool operator >=(EntryName left, EntryName right) => left.CompareTo(right) >= 0;
}
