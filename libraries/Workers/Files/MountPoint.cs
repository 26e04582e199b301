namespace StellaOps.Backup.Workers.Files;

/// <summary>Tells names on which something is mounted: they cannot be renamed, and what lies beside them is on another file system.</summary>
public static class MountPoint
{
    private const ulong MountRoot = 0x2000; // STATX_ATTR_MOUNT_ROOT, from Linux 5.8 on

    /// <summary>False also for what is not there.</summary>
    public static bool Is(string path)
    {
        if (!PathStatus.TryRead(path, follow: false, out var status))
        {
            return false;
        }

        // An older kernel tells no mount from a directory beside it on the same device. Of a newer one the device is not asked: overlayfs has another one for each file.
        return (status.KnownAttributes & MountRoot) != 0
            ? (status.Attributes & MountRoot) != 0
            : !PathStatus.TryRead(Path.GetDirectoryName(path) ?? path, follow: true, out var above) || above.Device != status.Device;
    }
}
