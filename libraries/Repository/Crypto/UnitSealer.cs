using System.Collections.Concurrent;

namespace StellaOps.Backup.Repository.Crypto;

/// <summary>Seals and opens units on any number of threads: each borrows a cipher with the expanded keys.</summary>
internal sealed class UnitSealer(MasterKey key, CipherSuite? suite = null) : IDisposable
{
    private readonly CipherSuite _suite = suite ?? CipherSuite.Current;
    private readonly ConcurrentBag<UnitCipher> _idle = [];

    internal void Seal(ReadOnlySpan<byte> plain, Span<byte> unit)
    {
        var cipher = Take();
        cipher.Seal(plain, unit);
        _idle.Add(cipher);
    }

    /// <summary>Seals the plaintext that lies between the places of IV and MAC.</summary>
    internal void SealInPlace(Span<byte> unit) => Seal(unit[UnitCipher.IvLength..^UnitCipher.MacLength], unit);

    internal bool TryOpen(ReadOnlySpan<byte> unit, Span<byte> plain)
    {
        var cipher = Take();
        var opened = cipher.TryOpen(unit, plain);
        _idle.Add(cipher);
        return opened;
    }

    /// <summary>Opens a unit where it lies: the plaintext follows the IV.</summary>
    /// <returns>The plaintext's place in <paramref name="unit"/>; null when the unit is not authentic.</returns>
    internal Range? OpenInPlace(Span<byte> unit) =>
        unit.Length >= UnitCipher.Overhead && TryOpen(unit, unit[UnitCipher.IvLength..^UnitCipher.MacLength])
            ? UnitCipher.IvLength..(unit.Length - UnitCipher.MacLength)
            : null;

    /// <summary>Whether a unit is as it was sealed; does not open it.</summary>
    internal bool IsAuthentic(ReadOnlySpan<byte> unit)
    {
        var cipher = Take();
        var authentic = cipher.IsAuthentic(unit);
        _idle.Add(cipher);
        return authentic;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_idle.TryTake(out var cipher))
        {
            cipher.Dispose();
        }

        key.Dispose();
    }

    private UnitCipher Take() => _idle.TryTake(out var cipher) ? cipher : _suite.CreateCipher(key);
}
