namespace StellaOps.Backup.Storage.Decorators;

/// <summary>
/// Another store, to which only so many calls go at a time. Listings do not count: their readers call the store in between, and
/// would wait for themselves.
/// </summary>
public sealed class BoundedStore(IObjectStore inner, int limit) : IObjectStore
{
    private readonly SemaphoreSlim _slots = new(limit, limit);

    /// <inheritdoc/>
    public string Description => inner.Description;

    /// <inheritdoc/>
    public async ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default)
    {
        using var slot = await TakeAsync(cancellationToken).ConfigureAwait(false);
        await inner.PutAsync(key, content, mode, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask PutAsync(string key, Stream content, PutMode mode, CancellationToken cancellationToken = default)
    {
        using var slot = await TakeAsync(cancellationToken).ConfigureAwait(false);
        await inner.PutAsync(key, content, mode, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        using var slot = await TakeAsync(cancellationToken).ConfigureAwait(false);
        return await inner.ReadAsync(key, offset, destination, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default)
    {
        using var slot = await TakeAsync(cancellationToken).ConfigureAwait(false);
        return await inner.FindAsync(key, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken = default) => inner.ListAsync(prefix, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default)
    {
        using var slot = await TakeAsync(cancellationToken).ConfigureAwait(false);
        await inner.DeleteAsync(key, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DeleteManyAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken = default)
    {
        using var slot = await TakeAsync(cancellationToken).ConfigureAwait(false);
        await inner.DeleteManyAsync(keys, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask CopyAsync(string from, string to, CancellationToken cancellationToken = default)
    {
        using var slot = await TakeAsync(cancellationToken).ConfigureAwait(false);
        await inner.CopyAsync(from, to, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<int> SweepAsync(string prefix, Func<string, bool> goes, CancellationToken cancellationToken = default) => inner.SweepAsync(prefix, goes, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreFeatures> ProbeAsync(CancellationToken cancellationToken = default) => inner.ProbeAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync().ConfigureAwait(false);
        _slots.Dispose();
    }

    private async ValueTask<Slot> TakeAsync(CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Slot(_slots);
    }

    private readonly record struct Slot(SemaphoreSlim Slots) : IDisposable
    {
        public void Dispose() => Slots.Release();
    }
}
