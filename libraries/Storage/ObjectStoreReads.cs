namespace StellaOps.Backup.Storage;

/// <summary>Reads that are made of a store's own.</summary>
public static class ObjectStoreReads
{
    /// <summary>The whole of a small object.</summary>
    /// <exception cref="StorageException">
    /// <see cref="StorageFailure.NotFound"/>; <see cref="StorageFailure.Invalid"/> when it is larger than <paramref name="largest"/> bytes.
    /// </exception>
    public static async ValueTask<byte[]> ReadAllAsync(this IObjectStore store, string key, int largest, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        if (await store.FindAsync(key, cancellationToken).ConfigureAwait(false) is not { } found)
        {
            throw new StorageException(StorageFailure.NotFound, $"there is no {store.Description}/{key}");
        }

        if (found.Length > largest)
        {
            throw new StorageException(StorageFailure.Invalid, $"{store.Description}/{key} has {found.Length} bytes; at most {largest} were expected");
        }

        var content = new byte[found.Length];
        var read = await store.ReadAsync(key, 0, content, cancellationToken).ConfigureAwait(false);
        return read == content.Length ? content : content[..read];
    }
}
