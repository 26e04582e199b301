using StellaOps.Backup.Storage.Local;

namespace StellaOps.Backup.Storage;

/// <summary>Opens the store that a setting or a flag names.</summary>
public static class ObjectStoreFactory
{
    /// <summary>Opens <c>/absolute/path</c> or <c>file:///absolute/path</c>. Nothing is created until the first put.</summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.Invalid"/>: not an address that is known.</exception>
    public static IObjectStore Open(string url)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(url);
        if (url.StartsWith('/'))
        {
            return new LocalObjectStore(url);
        }

        if (Uri.TryCreate(url, UriKind.Absolute, out var address) && address is { IsFile: true, Host: "" })
        {
            return new LocalObjectStore(address.LocalPath);
        }

        throw new StorageException(StorageFailure.Invalid, $"not the address of a location: {url} (known are /absolute/path and file:///absolute/path)");
    }
}
