using System.Runtime.InteropServices;

namespace StellaOps.Backup.Repository.Files.Linux;

/// <summary><c>struct statx</c> (statx(2)); the same on every architecture.</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
internal struct StatxBuffer
{
    public const uint BasicStats = 0x7ff;

    public uint Mask, BlockSize;
    public ulong Attributes;
    public uint Links, UserId, GroupId;
    public ushort Mode, Padding;
    public ulong Inode, Size, Blocks, AttributesMask;
    public StatxTime Accessed, Born, Changed, Modified;
    public uint DeviceMajor, DeviceMinor, FileSystemMajor, FileSystemMinor;
}

/// <summary><c>struct statx_timestamp</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct StatxTime
{
    public long Seconds;
    public uint Nanoseconds;
    public int Padding;

    public readonly UnixTime ToUnixTime() => new(Seconds, (int)Nanoseconds);
}
