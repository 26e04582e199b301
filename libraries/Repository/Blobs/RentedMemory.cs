using System.Buffers;

namespace StellaOps.Backup.Repository.Blobs;

/// <summary>
/// Memory that is given back, once, when it is disposed: to the shared pool, or where it is large to the system. The pool would keep large arrays,
/// rounded up to a power of two, and what is larger than usual (the tree of a directory with huge files) is rare.
/// </summary>
internal sealed class RentedMemory : IMemoryOwner<byte>
{
    /// <summary>Bytes from which on memory is the system's.</summary>
    internal const int Large = 1 << 20;

    private readonly int _offset, _length;
    private IMemoryOwner<byte>? _owner;

    private RentedMemory(IMemoryOwner<byte> owner, int offset, int length) => (_owner, _offset, _length) = (owner, offset, length);

    /// <inheritdoc/>
    public Memory<byte> Memory
    {
        get
        {
            ObjectDisposedException.ThrowIf(_owner is null, this);
            return _owner.Memory.Slice(_offset, _length);
        }
    }

    /// <summary>Memory with arbitrary content.</summary>
    internal static RentedMemory Rent(int length) =>
        new(length < Large ? MemoryPool<byte>.Shared.Rent(length) : new SystemMemory(length), 0, length);

    /// <summary>A part, which owns the whole from now on.</summary>
    internal RentedMemory Slice(int offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + length, _length);
        var owner = Interlocked.Exchange(ref _owner, null);
        ObjectDisposedException.ThrowIf(owner is null, this);
        return new RentedMemory(owner, _offset + offset, length);
    }

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _owner, null)?.Dispose();
}
