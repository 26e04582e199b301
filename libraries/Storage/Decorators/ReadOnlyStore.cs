namespace StellaOps.Backup.Storage.Decorators;

/// <summary>Another store, which cannot be changed through this one.</summary>
public sealed class ReadOnlyStore(IObjectStore inner) : IObjectStore
{
    /// <inheritdoc/>
    public string Description => inner.Description;

    /// <inheritdoc/>
    public ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default) => throw Refused(key);

    /// <inheritdoc/>
    public ValueTask PutAsync(string key, Stream content, PutMode mode, CancellationToken cancellationToken = default) => throw Refused(key);

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(key, offset, destination, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default) => inner.FindAsync(key, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken = default) => inner.ListAsync(prefix, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default) => throw Refused(key);

    /// <inheritdoc/>
    public ValueTask<int> SweepAsync(string prefix, Func<string, bool> goes, CancellationToken cancellationToken = default) => throw Refused(prefix);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private StorageException Refused(string key) => new(StorageFailure.PermissionDenied, $"{Description} was opened for reading only: {key} is not changed");
}
