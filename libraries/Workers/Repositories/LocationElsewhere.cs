using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Addresses;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.Workers.Repositories;

/// <summary>A backup that saves its own repository grows for ever: no location may lie in what is saved.</summary>
public sealed class LocationElsewhere(IOptions<LocationSettings> location, IOptions<SecondarySettings> secondary)
{
    /// <summary>Refuses paths of which one is, or holds, a location of this machine.</summary>
    /// <param name="paths">Absolute paths that are to be saved.</param>
    /// <exception cref="BackupException"><see cref="ErrorCodes.NotConfigured"/>.</exception>
    public void Require(IReadOnlyList<string> paths)
    {
        ThrowIfInside(location.Value, "Location:Url", paths);
        if (secondary.Value.ToLocation() is { } second)
        {
            ThrowIfInside(second, "Secondary:Url", paths);
        }
    }

    private static void ThrowIfInside(LocationSettings place, string setting, IReadOnlyList<string> paths)
    {
        if (LocationAddress.Parse(place.Url) is LocalAddress { Path: var root }
            && paths.FirstOrDefault(path => PathRules.Contains(path, root)) is { } path)
        {
            throw new BackupException(ErrorCodes.NotConfigured, $"the location {root} lies in {path}, which is to be saved",
                $"Move the location ({setting}), or save a path that does not contain it.");
        }
    }
}
