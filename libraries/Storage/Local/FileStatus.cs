using System.Runtime.InteropServices;

namespace StellaOps.Backup.Storage.Local;

/// <summary>The part of <c>struct statx</c> (statx(2)) that a store needs; the same on every architecture.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct FileStatus
{
    /// <summary>STATX_TYPE | STATX_MODE | STATX_MTIME | STATX_SIZE.</summary>
    internal const uint Wanted = 0x1 | 0x2 | 0x40 | 0x200;

    private const int TypeMask = 0xF000, Directory = 0x4000, Link = 0xA000;

    [FieldOffset(28)]
    private readonly ushort _mode;

    [FieldOffset(40)]
    private readonly ulong _size;

    [FieldOffset(112)]
    private readonly long _modifiedSeconds;

    [FieldOffset(120)]
    private readonly uint _modifiedNanoseconds;

    internal readonly bool IsDirectory => (_mode & TypeMask) == Directory;

    internal readonly bool IsLink => (_mode & TypeMask) == Link;

    internal readonly long Length => (long)_size;

    internal readonly DateTimeOffset ModifiedAt =>
        DateTimeOffset.UnixEpoch.AddTicks((_modifiedSeconds * TimeSpan.TicksPerSecond) + (_modifiedNanoseconds / TimeSpan.NanosecondsPerTick));
}
