namespace StellaOps.Backup.Storage;

/// <summary>
/// Objects under a root: a directory or a bucket prefix. Keys are relative, with <c>/</c> between parts, and never start with
/// one. Every store passes <c>ObjectStoreContract</c>. All members may be called at the same time from any thread.
/// </summary>
public interface IObjectStore : IAsyncDisposable
{
    /// <summary>The root as a user would write it, without credentials.</summary>
    string Description { get; }

    /// <summary>
    /// Stores <paramref name="content"/> whole. When the task ends the object is durable and visible under its key; when it
    /// throws, or the process dies, no reader ever sees a part of it.
    /// </summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.AlreadyExists"/> in <see cref="PutMode.Create"/>.</exception>
    ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default);

    /// <summary>
    /// The same for content of any length, which is read once, from where it stands to its end. Stores hold a few parts of it in
    /// memory at a time; this default holds it whole, for stores that keep their objects in memory anyway.
    /// </summary>
    async ValueTask PutAsync(string key, Stream content, PutMode mode, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        var whole = new MemoryStream();
        await content.CopyToAsync(whole, cancellationToken).ConfigureAwait(false);
        await PutAsync(key, whole.GetBuffer().AsMemory(0, (int)whole.Length), mode, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads up to <paramref name="destination"/>'s length from <paramref name="offset"/>; less only at the object's end.</summary>
    /// <returns>Bytes read.</returns>
    /// <exception cref="StorageException"><see cref="StorageFailure.NotFound"/>.</exception>
    ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default);

    /// <summary>Size and time of an object; null when there is none.</summary>
    ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Objects whose key starts with <paramref name="prefix"/> (a folder with its <c>/</c>, or empty for all), in no order.</summary>
    IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken = default);

    /// <summary>Deletes an object; one that does not exist counts as deleted. Durable when the task ends.</summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.Retained"/>: the store keeps it for a while longer.</exception>
    ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Deletes many objects, in as few calls as the store can. When it throws, some may be deleted.</summary>
    async ValueTask DeleteManyAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken = default)
    {
        foreach (var key in keys)
        {
            await DeleteAsync(key, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Gives an object a second name, in place of what has it: atomically, as <see cref="PutMode.Replace"/> does, and without moving its bytes where
    /// the store can do that. This default reads and puts them.
    /// </summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.NotFound"/>.</exception>
    async ValueTask CopyAsync(string from, string to, CancellationToken cancellationToken = default)
    {
        var content = await ObjectReadStream.OpenAsync(this, from, cancellationToken).ConfigureAwait(false);
        await using (content.ConfigureAwait(false))
        {
            await PutAsync(to, content, PutMode.Replace, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Removes what puts of dead processes left under <paramref name="prefix"/>. Such leftovers are never listed and never
    /// in the way; they only take space. A put that is under way is not disturbed.
    /// </summary>
    /// <returns>Leftovers removed; 0 for stores that leave none.</returns>
    ValueTask<int> SweepAsync(string prefix, CancellationToken cancellationToken = default) => SweepAsync(prefix, _ => true, cancellationToken);

    /// <summary>The same of certain objects only, in a place where other programs have theirs, too.</summary>
    /// <param name="prefix">Folder with its <c>/</c>, or empty for all.</param>
    /// <param name="goes">Told the key of the object that was to be put.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<int> SweepAsync(string prefix, Func<string, bool> goes, CancellationToken cancellationToken = default) => ValueTask.FromResult(0);

    /// <summary>What the store can really do: tried out on it, not taken from its documentation.</summary>
    ValueTask<StoreFeatures> ProbeAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult(StoreFeatures.Complete);
}

/// <summary>What a put does with an object that exists.</summary>
public enum PutMode
{
    /// <summary>Fails with <see cref="StorageFailure.AlreadyExists"/>.</summary>
    Create,

    /// <summary>Replaces it atomically.</summary>
    Replace,
}

/// <summary>An object as a listing shows it.</summary>
/// <param name="Key">Key relative to the store's root.</param>
/// <param name="Length">Bytes.</param>
/// <param name="ModifiedAt">Time of the last write, by the store's clock.</param>
public readonly record struct StoredObject(string Key, long Length, DateTimeOffset ModifiedAt);
