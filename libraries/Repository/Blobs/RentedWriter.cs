using System.Buffers;

namespace StellaOps.Backup.Repository.Blobs;

/// <summary>Collects bytes in <see cref="RentedMemory"/>.</summary>
/// <param name="expected">Bytes that are expected; with more it grows to twice as many, and copies.</param>
internal sealed class RentedWriter(int expected) : IBufferWriter<byte>, IDisposable
{
    private RentedMemory _memory = RentedMemory.Rent(Math.Max(expected, 256));
    private int _length;

    /// <summary>What was written; valid until more is written, or this is disposed.</summary>
    public ReadOnlyMemory<byte> Written => _memory.Memory[.._length];

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _memory.Memory.Length - _length);
        _length += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        var least = Math.Max(sizeHint, 1);
        if (_memory.Memory.Length - _length < least)
        {
            using var old = _memory;
            _memory = RentedMemory.Rent((int)Math.Min(Array.MaxLength, Math.Max(2L * old.Memory.Length, (long)_length + least)));
            old.Memory[.._length].CopyTo(_memory.Memory);
        }

        return _memory.Memory[_length..];
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();
}
