namespace StellaOps.Backup.Storage;

/// <summary>Reads and copies that are made of a store's own calls.</summary>
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

    /// <summary>Stores an object of one store in another, under its key. Memory: a piece of 8 MiB.</summary>
    /// <returns>Its bytes.</returns>
    /// <exception cref="StorageException"><see cref="StorageFailure.NotFound"/>; <see cref="StorageFailure.AlreadyExists"/> in <see cref="PutMode.Create"/>.</exception>
    public static async ValueTask<long> CopyToAsync(this IObjectStore store, string key, IObjectStore other, PutMode mode, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(other);
        var content = await ObjectReadStream.OpenAsync(store, key, cancellationToken).ConfigureAwait(false);
        await using (content.ConfigureAwait(false))
        {
            await other.PutAsync(key, content, mode, cancellationToken).ConfigureAwait(false);
            return content.Length;
        }
    }
}
