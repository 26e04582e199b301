using StellaOps.Backup.Storage.Addresses;
using StellaOps.Backup.Storage.AzureBlob;
using StellaOps.Backup.Storage.Local;

namespace StellaOps.Backup.Storage;

/// <summary>Opens the store that a setting or a flag names.</summary>
public static class ObjectStoreFactory
{
    /// <summary>Opens an address with the default settings.</summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.Misconfigured"/>: not an address that is known.</exception>
    public static IObjectStore Open(string url) => Open(new LocationSettings { Url = url });

    /// <summary>Opens a location. Nothing is created, and nobody is asked, before the first call.</summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.Misconfigured"/>: not an address that is known.</exception>
    public static IObjectStore Open(LocationSettings settings, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return LocationAddress.Parse(settings.Url) switch
        {
            LocalAddress local => new LocalObjectStore(local.Path, clock),
            AzureBlobAddress azure => new AzureBlobStore(azure, settings),
            var address => throw new StorageException(StorageFailure.Misconfigured, $"{address}: no store for this kind of address"),
        };
    }
}
