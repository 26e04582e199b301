using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StellaOps.Backup.Repository.Chunks;

/// <summary>
/// Finds content-defined cuts with a gear hash: the hash of the last 64 bytes decides, so an insertion moves the cuts next to
/// it and no others. The minimum is skipped unhashed. Chunks have 512 KiB to 8 MiB, 1 MiB on average.
/// </summary>
public sealed class ContentCutter(GearTable table)
{
    /// <summary>Fewest bytes of a chunk that is not the last of its file.</summary>
    public const int Minimum = 512 << 10;

    /// <summary>Most bytes of a chunk.</summary>
    public const int Maximum = 8 << 20;

    // The hash shifts left by one for each byte, so its upper bits depend on up to 64 bytes. 19 of them zero: once in 512 KiB.
    private const int Window = 64;
    private const ulong CutMask = ulong.MaxValue << (64 - 19);

    private ulong _hash;
    private int _scanned;

    /// <summary>
    /// Looks for the end of the chunk that starts at <paramref name="data"/>'s start. Called with the same chunk and more data
    /// it goes on where it stopped.
    /// </summary>
    /// <returns>Length of the chunk; 0 when more data is needed.</returns>
    public int Find(ReadOnlySpan<byte> data)
    {
        if (data.Length < Minimum)
        {
            return 0;
        }

        if (_scanned == 0)
        {
            _scanned = Minimum - Window;
            _hash = 0;
            Warm(data[_scanned..Minimum]);
        }

        var cut = Scan(data[..Math.Min(data.Length, Maximum)]);
        if (cut == 0 && data.Length >= Maximum)
        {
            cut = Maximum;
        }

        if (cut != 0)
        {
            Reset();
        }

        return cut;
    }

    /// <summary>Forgets the chunk under way; the next call starts a new one.</summary>
    public void Reset() => _scanned = 0;

    private void Warm(ReadOnlySpan<byte> window)
    {
        foreach (var value in window)
        {
            _hash = (_hash << 1) + table.Values[value];
        }

        _scanned = Minimum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Scan(ReadOnlySpan<byte> data)
    {
        ref var gear = ref MemoryMarshal.GetReference(table.Values);
        var hash = _hash;
        for (var i = _scanned; i < data.Length; i++)
        {
            hash = (hash << 1) + Unsafe.Add(ref gear, data[i]);
            if ((hash & CutMask) == 0)
            {
                return i + 1;
            }
        }

        (_hash, _scanned) = (hash, data.Length);
        return 0;
    }
}
