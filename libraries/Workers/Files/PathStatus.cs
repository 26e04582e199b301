using System.Runtime.InteropServices;

namespace StellaOps.Backup.Workers.Files;

/// <summary>What <c>statx</c> (statx(2)) says of a path and .NET does not; <c>struct statx</c> is the same on every architecture.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal readonly partial struct PathStatus
{
    private const int CurrentDirectory = -100, NoFollow = 0x100; // AT_FDCWD, AT_SYMLINK_NOFOLLOW
    private const uint Wanted = 0x1 | 0x40; // STATX_TYPE, STATX_MTIME
    private const int TypeMask = 0xF000, Regular = 0x8000; // S_IFMT, S_IFREG

    /// <summary>Attributes (STATX_ATTR_…) that it has, of those that the kernel knows.</summary>
    [FieldOffset(8)]
    public readonly ulong Attributes;

    [FieldOffset(56)]
    public readonly ulong KnownAttributes;

    /// <summary>Of its last change: seconds since 1970, and nanoseconds beyond them.</summary>
    [FieldOffset(112)]
    public readonly long ModifiedSeconds;

    [FieldOffset(120)]
    public readonly uint ModifiedNanoseconds;

    /// <summary>Major and minor number of the device that it is on.</summary>
    [FieldOffset(136)]
    public readonly ulong Device;

    [FieldOffset(28)]
    private readonly ushort _mode;

    public bool IsRegularFile => (_mode & TypeMask) == Regular;

    /// <summary>False where nothing can be told; <see cref="Marshal.GetLastPInvokeErrorMessage"/> says why.</summary>
    public static bool TryRead(string path, bool follow, out PathStatus status) =>
        StatX(CurrentDirectory, path, follow ? 0 : NoFollow, Wanted, out status) == 0;

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int directory, string path, int flags, uint mask, out PathStatus status);
}
