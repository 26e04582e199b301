using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Addresses;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary>The file system of the location.</summary>
internal static class LocationDrive
{
    /// <summary>Null where the location is not a directory of this host. It is created with the first backup; until then the nearest directory above it counts.</summary>
    public static DriveInfo? Find(LocationSettings settings) =>
        LocationAddress.Parse(settings.Url) is LocalAddress local && ExistingPart(local.Path) is { } existing ? new DriveInfo(existing) : null;

    private static string? ExistingPart(string path)
    {
        var part = path;
        while (part is not null && !Directory.Exists(part))
        {
            part = Path.GetDirectoryName(part);
        }

        return part;
    }
}
