using System.Runtime.InteropServices;

namespace StellaOps.Backup.Workers.Files;

/// <summary>Tells names on which something is mounted: they cannot be renamed, and what lies beside them is on another file system.</summary>
public static partial class MountPoint
{
    private const int CurrentDirectory = -100, NoFollow = 0x100; // AT_FDCWD, AT_SYMLINK_NOFOLLOW
    private const uint TypeOnly = 1; // STATX_TYPE
    private const int StatusLength = 256, AttributesAt = 8, KnownAttributesAt = 56, DeviceAt = 136; // struct statx
    private const ulong MountRoot = 0x2000; // STATX_ATTR_MOUNT_ROOT, from Linux 5.8 on

    /// <summary>False also for what is not there.</summary>
    public static bool Is(string path)
    {
        if (Read(path, NoFollow) is not { } status)
        {
            return false;
        }

        // An older kernel tells no mount from a directory beside it on the same device. Of a newer one the device is not asked: overlayfs has another one for each file.
        return (status.Known & MountRoot) != 0
            ? (status.Attributes & MountRoot) != 0
            : Read(Path.GetDirectoryName(path) ?? path, flags: 0)?.Device != status.Device;
    }

    private static (ulong Attributes, ulong Known, ulong Device)? Read(string path, int flags)
    {
        Span<byte> status = stackalloc byte[StatusLength];
        return StatX(CurrentDirectory, path, flags, TypeOnly, ref MemoryMarshal.GetReference(status)) == 0
            ? (MemoryMarshal.Read<ulong>(status[AttributesAt..]), MemoryMarshal.Read<ulong>(status[KnownAttributesAt..]), MemoryMarshal.Read<ulong>(status[DeviceAt..]))
            : null;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int directory, string path, int flags, uint mask, ref byte status);
}
