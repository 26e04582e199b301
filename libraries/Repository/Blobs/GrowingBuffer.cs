using System.Numerics;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Blobs;

/// <summary>
/// Memory of one worker that is used again and again. It is kept out of the shared pool, which gives large arrays back to the
/// system at each full collection: touching them anew costs more than decrypting into them.
/// </summary>
/// <param name="aligned">Whether stores read into it.</param>
/// <param name="least">
/// Bytes from the beginning, where as many are expected: one that grows leaves what it outgrew to the collector. Memory is only used when it is touched.
/// </param>
internal sealed class GrowingBuffer(bool aligned = false, int least = 0)
{
    private const uint Step = 1 << 20;

    private Memory<byte> _bytes;

    /// <summary>Room of this length with arbitrary content; what was taken before is no longer the caller's.</summary>
    internal Memory<byte> Take(int length)
    {
        if (_bytes.Length < length)
        {
            var step = Math.Min(Step, BitOperations.RoundUpToPowerOf2((uint)length)); // Little content has little memory.
            var rounded = Math.Min(Array.MaxLength - (aligned ? AlignedMemory.Block : 0), Math.Max(least, (length + step - 1L) / step * step));
            _bytes = aligned ? AlignedMemory.Allocate((int)rounded) : GC.AllocateUninitializedArray<byte>((int)rounded);
        }

        return _bytes[..length];
    }
}
