namespace StellaOps.Backup.Repository.Blobs;

/// <summary>
/// Memory of one worker that is used again and again. It is kept out of the shared pool, which gives large arrays back to the
/// system at each full collection: touching them anew costs more than decrypting into them.
/// </summary>
internal sealed class GrowingBuffer
{
    private const int Step = 1 << 20;

    private byte[] _bytes = [];

    /// <summary>Room of this length with arbitrary content; what was taken before is no longer the caller's.</summary>
    internal Memory<byte> Take(int length)
    {
        if (_bytes.Length < length)
        {
            var rounded = Math.Min(Array.MaxLength, (length + Step - 1L) / Step * Step);
            _bytes = GC.AllocateUninitializedArray<byte>((int)rounded);
        }

        return _bytes.AsMemory(0, length);
    }
}
