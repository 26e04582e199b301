using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace StellaOps.Backup.Storage.Local;

/// <summary>1 MiB of memory at an address that direct I/O accepts. Disposing gives it back: as many are kept as were ever used at the same time.</summary>
internal readonly struct DirectBuffer : IDisposable
{
    internal const int Length = 1 << 20;

    private static readonly ConcurrentBag<byte[]> Idle = [];

    private readonly byte[] _memory;

    private DirectBuffer(byte[] memory) => _memory = memory;

    internal Span<byte> Span
    {
        get
        {
            var misaligned = (int)(Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0) & (DirectIO.Block - 1));
            return _memory.AsSpan(DirectIO.Block - misaligned, Length);
        }
    }

    internal static DirectBuffer Rent() =>
        new(Idle.TryTake(out var idle) ? idle : GC.AllocateUninitializedArray<byte>(Length + DirectIO.Block, pinned: true));

    /// <inheritdoc/>
    public void Dispose() => Idle.Add(_memory);
}
