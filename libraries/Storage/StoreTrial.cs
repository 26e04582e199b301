using System.Security.Cryptography;

namespace StellaOps.Backup.Storage;

/// <summary>Tries a store by use: an object is created, read back, compared and deleted.</summary>
public static class StoreTrial
{
    private const int Length = 4096;

    /// <param name="store">The store.</param>
    /// <param name="folder">Where the object is for that moment, with its <c>/</c>.</param>
    /// <param name="cancellationToken">Gives up; what was created is deleted all the same.</param>
    /// <returns>False when what was read is not what was written.</returns>
    /// <exception cref="StorageException">What the store refused.</exception>
    public static async Task<bool> RunAsync(IObjectStore store, string folder, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        var key = $"{folder}probe-{Guid.CreateVersion7():n}";
        var written = RandomNumberGenerator.GetBytes(Length);
        var read = new byte[Length];
        await store.PutAsync(key, written, PutMode.Create, cancellationToken).ConfigureAwait(false);
        try
        {
            return await store.ReadAsync(key, 0, read, cancellationToken).ConfigureAwait(false) == Length && written.AsSpan().SequenceEqual(read);
        }
        finally
        {
            await store.DeleteAsync(key, CancellationToken.None).ConfigureAwait(false);
        }
    }
}
