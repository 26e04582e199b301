using System.Buffers;

namespace StellaOps.Backup.Repository.Blobs;

/// <summary>A part of an array of the shared pool; disposing gives the array back, once.</summary>
internal sealed class PooledMemory(byte[] array, int offset, int length) : IMemoryOwner<byte>
{
    private byte[]? _array = array;

    /// <inheritdoc/>
    public Memory<byte> Memory
    {
        get
        {
            ObjectDisposedException.ThrowIf(_array is null, this);
            return _array.AsMemory(offset, length);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _array, null) is { } array)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
