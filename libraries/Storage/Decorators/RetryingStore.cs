namespace StellaOps.Backup.Storage.Decorators;

/// <summary>
/// Another store, whose calls are repeated after failures that may pass. Listings and puts of streams go through: the stores
/// repeat their pages and parts themselves, since only they know how far they came.
/// </summary>
public sealed class RetryingStore(IObjectStore inner, RetryPolicy policy) : IObjectStore
{
    private const int CompareBuffer = 1 << 20;

    /// <inheritdoc/>
    public string Description => inner.Description;

    /// <inheritdoc/>
    public async ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default) =>
        await policy.RunAsync(async (attempt, token) =>
        {
            try
            {
                await inner.PutAsync(key, content, mode, token).ConfigureAwait(false);
            }
            catch (StorageException exception) when (attempt > 1 && mode == PutMode.Create && exception.Failure == StorageFailure.AlreadyExists)
            {
                // An earlier attempt may have stored it and its answer been lost: then the object is what we wanted to create.
                if (!await HoldsAsync(key, content, token).ConfigureAwait(false))
                {
                    throw;
                }
            }

            return true;
        }, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask PutAsync(string key, Stream content, PutMode mode, CancellationToken cancellationToken = default) =>
        inner.PutAsync(key, content, mode, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) =>
        policy.RunAsync((_, token) => inner.ReadAsync(key, offset, destination, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default) =>
        policy.RunAsync((_, token) => inner.FindAsync(key, token), cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken = default) => inner.ListAsync(prefix, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default) =>
        await policy.RunAsync(async (_, token) =>
        {
            await inner.DeleteAsync(key, token).ConfigureAwait(false);
            return true;
        }, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask DeleteManyAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken = default) =>
        await policy.RunAsync(async (_, token) =>
        {
            await inner.DeleteManyAsync(keys, token).ConfigureAwait(false);
            return true;
        }, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask CopyAsync(string from, string to, CancellationToken cancellationToken = default) =>
        await policy.RunAsync(async (_, token) =>
        {
            await inner.CopyAsync(from, to, token).ConfigureAwait(false);
            return true;
        }, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask<int> SweepAsync(string prefix, Func<string, bool> goes, CancellationToken cancellationToken = default) =>
        policy.RunAsync((_, token) => inner.SweepAsync(prefix, goes, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreFeatures> ProbeAsync(CancellationToken cancellationToken = default) =>
        policy.RunAsync((_, token) => inner.ProbeAsync(token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async ValueTask<bool> HoldsAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (await inner.FindAsync(key, cancellationToken).ConfigureAwait(false) is not { } found || found.Length != content.Length)
        {
            return false;
        }

        var buffer = new byte[Math.Min(CompareBuffer, content.Length)];
        for (var offset = 0; offset < content.Length;)
        {
            var read = await inner.ReadAsync(key, offset, buffer, cancellationToken).ConfigureAwait(false);
            if (read == 0 || !content.Span.Slice(offset, Math.Min(read, content.Length - offset)).SequenceEqual(buffer.AsSpan(0, read)))
            {
                return false;
            }

            offset += read;
        }

        return true;
    }
}
