namespace StellaOps.Backup.Storage;

/// <summary>Reads and copies that are made of a store's own calls.</summary>
public static class ObjectStoreReads
{
    /// <summary>Readings of an object that may end before it does.</summary>
    private const int Readings = 3;

    /// <summary>The whole of a small object.</summary>
    /// <exception cref="StorageException">
    /// <see cref="StorageFailure.NotFound"/>; <see cref="StorageFailure.Invalid"/> when it is larger than <paramref name="largest"/> bytes;
    /// <see cref="StorageFailure.Unavailable"/> when each answer was shorter than the object.
    /// </exception>
    public static async ValueTask<byte[]> ReadAllAsync(this IObjectStore store, string key, int largest, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        for (var reading = 1; ; reading++)
        {
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
            if (read == content.Length)
            {
                return content;
            }

            // The answer was torn, or another object took the place meanwhile: what is there is read anew, and never joined with what came.
            if (reading == Readings)
            {
                throw new StorageException(
                    StorageFailure.Unavailable,
                    $"{store.Description}/{key} has {content.Length} bytes, and {Readings} answers ended before that, the last after {read}: see what stands between here and the store, then try again");
            }
        }
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
