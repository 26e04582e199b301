using System.Buffers;
using System.Collections.Concurrent;

namespace StellaOps.Backup.Repository.Blobs;

/// <summary>
/// Lends one <see cref="GrowingBuffer"/> to each that is at work at the same time. Memory: as many buffers as were ever lent at once, each as
/// large as the largest content that was in it, rounded up to a power of two or to 1 MiB.
/// </summary>
/// <param name="aligned">Whether stores read into them.</param>
/// <param name="least">Bytes of each from the beginning.</param>
internal sealed class BufferPool(bool aligned = false, int least = 0)
{
    private readonly ConcurrentBag<GrowingBuffer> _idle = [];

    /// <summary>Room of this length with arbitrary content; disposing gives it back.</summary>
    internal IMemoryOwner<byte> Rent(int length)
    {
        var buffer = _idle.TryTake(out var idle) ? idle : new GrowingBuffer(aligned, least);
        return new Loan(this, buffer, buffer.Take(length));
    }

    private sealed class Loan(BufferPool pool, GrowingBuffer buffer, Memory<byte> memory) : IMemoryOwner<byte>
    {
        private GrowingBuffer? _buffer = buffer;

        public Memory<byte> Memory
        {
            get
            {
                ObjectDisposedException.ThrowIf(_buffer is null, this);
                return memory;
            }
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _buffer, null) is { } returned)
            {
                pool._idle.Add(returned);
            }
        }
    }
}
