using System.Security.Cryptography;

namespace StellaOps.Backup.Repository.Crypto;

/// <summary>
/// Seals and opens encrypted units: <c>IV (16) ‖ AES-256-CTR ciphertext ‖ Poly1305-AES MAC (16)</c>; the MAC covers the
/// ciphertext, its one-time key comes from the IV (restic design, "Keys, Encryption and MAC"). Not for several threads
/// at a time.
/// </summary>
internal abstract class UnitCipher : IDisposable
{
    internal const int IvLength = 16, MacLength = 16, Overhead = IvLength + MacLength;

    /// <summary>Writes the unit of <paramref name="plain"/>, <see cref="Overhead"/> bytes longer, under a fresh random IV.</summary>
    internal void Seal(ReadOnlySpan<byte> plain, Span<byte> unit)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(unit.Length, plain.Length + Overhead);
        var iv = unit[..IvLength];
        do
        {
            RandomNumberGenerator.Fill(iv);
        }
        while (!iv.ContainsAnyExcept((byte)0));

        Transform(iv, plain, unit.Slice(IvLength, plain.Length));
        ComputeMac(iv, unit.Slice(IvLength, plain.Length), unit[^MacLength..]);
    }

    /// <summary>Writes the plaintext, <see cref="Overhead"/> bytes shorter; false and nothing written when the MAC is wrong.</summary>
    internal bool TryOpen(ReadOnlySpan<byte> unit, Span<byte> plain)
    {
        if (!IsAuthentic(unit))
        {
            return false;
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(plain.Length, unit.Length - Overhead);
        Transform(unit[..IvLength], unit[IvLength..^MacLength], plain);
        return true;
    }

    /// <summary>Whether the MAC is right: then the unit is, bit by bit, one that was sealed with this key.</summary>
    internal bool IsAuthentic(ReadOnlySpan<byte> unit)
    {
        if (unit.Length < Overhead)
        {
            return false;
        }

        var iv = unit[..IvLength];
        Span<byte> mac = stackalloc byte[MacLength];
        ComputeMac(iv, unit[IvLength..^MacLength], mac);
        return iv.ContainsAnyExcept((byte)0) && CryptographicOperations.FixedTimeEquals(mac, unit[^MacLength..]);
    }

    /// <summary>AES-256-CTR; the IV is the whole 128-bit big-endian counter. Its own inverse.</summary>
    internal abstract void Transform(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> source, Span<byte> destination);

    /// <summary>Poly1305 under the one-time key <c>r ‖ AES-128(k, IV)</c>.</summary>
    internal abstract void ComputeMac(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> message, Span<byte> mac);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}
