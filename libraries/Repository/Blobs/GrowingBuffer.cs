using System.Numerics;

namespace StellaOps.Backup.Repository.Blobs;

/// <summary>
/// Memory of one worker that is used again and again. It is kept out of the shared pool, which gives large arrays back to the
/// system at each full collection: touching them anew costs more than decrypting into them.
/// </summary>
internal sealed class GrowingBuffer
{
    private const uint Step = 1 << 20;

    private byte[] _bytes = [];

    /// <summary>Room of this length with arbitrary content; what was taken before is no longer the caller's.</summary>
    internal Memory<byte> Take(int length)
    {
        if (_bytes.Length < length)
        {
            var step = Math.Min(Step, BitOperations.RoundUpToPowerOf2((uint)length)); // Little content has little memory.
            var rounded = Math.Min(Array.MaxLength, (length + step - 1L) / step * step);
            _bytes = GC.AllocateUninitializedArray<byte>((int)rounded);
        }

        return _bytes.AsMemory(0, length);
    }
}
