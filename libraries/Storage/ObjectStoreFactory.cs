using StellaOps.Backup.Storage.Addresses;
using StellaOps.Backup.Storage.AzureBlob;
using StellaOps.Backup.Storage.Decorators;
using StellaOps.Backup.Storage.Local;
using StellaOps.Backup.Storage.S3;

namespace StellaOps.Backup.Storage;

/// <summary>Opens the store that a setting or a flag names, decorated as its kind needs it.</summary>
public static class ObjectStoreFactory
{
    /// <summary>
    /// Calls to an object store at a time: enough to hide the time of a round trip behind the others at 16 MiB a pack, and few
    /// enough that one process does not make a busy server ask for a pause.
    /// </summary>
    private const int UsualConcurrency = 16;

    /// <summary>Opens an address with the default settings.</summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.Misconfigured"/>: not an address that is known.</exception>
    public static IObjectStore Open(string url) => Open(new LocationSettings { Url = url });

    /// <summary>Opens a location. Nothing is created, and nobody is asked, before the first call.</summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.Misconfigured"/>: not an address that is known.</exception>
    public static IObjectStore Open(LocationSettings settings, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var time = clock ?? TimeProvider.System;
        var retry = new RetryPolicy(time) { Budget = TimeSpan.FromSeconds(settings.RetrySeconds) };
        var concurrency = settings.Concurrency ?? UsualConcurrency;
        return LocationAddress.Parse(settings.Url) switch
        {
            LocalAddress local => Throttled(new LocalObjectStore(local.Path, time), settings, time, writesWhileReading: true),
            S3Address s3 => new RetryingStore(Bounded(new S3ObjectStore(s3, settings, concurrency, retry, time)), retry),
            AzureBlobAddress azure => Bounded(new AzureBlobStore(azure, settings)), // Its SDK repeats what may pass.
            var address => throw new StorageException(StorageFailure.Misconfigured, $"{address}: no store for this kind of address"),
        };

        // Inside of the retries: a call that waits before its next attempt holds no slot, and each attempt pays for its bytes.
        BoundedStore Bounded(IObjectStore store) => new(Throttled(store, settings, time), concurrency);
    }

    private static IObjectStore Throttled(IObjectStore store, LocationSettings settings, TimeProvider clock, bool writesWhileReading = false) =>
        settings is { UploadBytesPerSecond: null, DownloadBytesPerSecond: null }
            ? store
            : new ThrottledStore(store, settings.UploadBytesPerSecond, settings.DownloadBytesPerSecond, clock, writesWhileReading);
}
