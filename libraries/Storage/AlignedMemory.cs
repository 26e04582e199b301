using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StellaOps.Backup.Storage;

/// <summary>Memory that local stores read into, and write from, without a copy in between: direct I/O takes only such addresses.</summary>
public static class AlignedMemory
{
    /// <summary>Bytes that addresses, and offsets in objects, have to be multiples of: no disk has larger logical blocks.</summary>
    public const int Block = 4096;

    /// <summary>Memory with arbitrary content, at an address that does not change.</summary>
    public static Memory<byte> Allocate(int length)
    {
        var array = GC.AllocateUninitializedArray<byte>(length + Block, pinned: true);
        var misaligned = (int)(Marshal.UnsafeAddrOfPinnedArrayElement(array, 0) & (Block - 1));
        return array.AsMemory(Block - misaligned, length);
    }

    internal static bool IsAligned(ReadOnlySpan<byte> memory) =>
        (Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref MemoryMarshal.GetReference(memory)) & (Block - 1)) == 0;
}
