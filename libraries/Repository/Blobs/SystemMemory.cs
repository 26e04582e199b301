using System.Buffers;
using StellaOps.Backup.Repository.Files.Linux;

namespace StellaOps.Backup.Repository.Blobs;

/// <summary>
/// Pages of the system's own, outside of the heap: they take memory when they are touched, and none as soon as they are disposed. Their address is a multiple of
/// a page, as direct I/O wants it. Nobody finalizes them: whoever has them disposes them, and nobody else may still touch them then. So they are read into and
/// computed with, and never handed to a store to be sent.
/// </summary>
internal sealed unsafe class SystemMemory : MemoryManager<byte>
{
    private readonly int _length;
    private void* _address;

    /// <param name="length">Bytes; at least one.</param>
    /// <exception cref="InsufficientMemoryException">The system has no more.</exception>
    internal SystemMemory(int length)
    {
        _length = length;
        var address = Libc.Map(null, (nuint)length, Libc.ProtectReadWrite, Libc.MapPrivateAnonymous, -1, 0);
        _address = (nint)address == -1 ? throw new InsufficientMemoryException($"the system has no {length} bytes more") : address;
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_address is null, this);
        return new Span<byte>(_address, _length);
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_address is null, this);
        return new MemoryHandle((byte*)_address + elementIndex, pinnable: this);
    }

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_address is not null)
        {
            _ = Libc.Unmap(_address, (nuint)_length);
            _address = null;
        }
    }
}
