namespace StellaOps.Backup.Storage.Decorators;

/// <summary>Another store, with a limit on the bytes that go to it and come from it in a second.</summary>
/// <param name="inner">The store.</param>
/// <param name="uploadBytesPerSecond">Null for no limit.</param>
/// <param name="downloadBytesPerSecond">Null for no limit.</param>
/// <param name="clock">Of the pauses.</param>
/// <param name="writesWhileReading">
/// Whether the store writes a stream while it reads it. Then content in memory goes to it in pieces, too: a disk that it shares with a database never gets a whole pack at once.
/// </param>
public sealed class ThrottledStore(
    IObjectStore inner, long? uploadBytesPerSecond, long? downloadBytesPerSecond, TimeProvider clock, bool writesWhileReading = false) : IObjectStore
{
    private readonly Bandwidth? _upload = uploadBytesPerSecond is { } up ? new Bandwidth(up, clock) : null;
    private readonly Bandwidth? _download = downloadBytesPerSecond is { } down ? new Bandwidth(down, clock) : null;

    /// <inheritdoc/>
    public string Description => inner.Description;

    /// <inheritdoc/>
    public async ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default)
    {
        if (_upload is not null && writesWhileReading && content.Length > ThrottledContent.Largest)
        {
            await PutAsync(key, new MemorySizedContent(content), mode, cancellationToken).ConfigureAwait(false);
            return;
        }

        await TakeAsync(_upload, content.Length, cancellationToken).ConfigureAwait(false);
        await inner.PutAsync(key, content, mode, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask PutAsync(string key, Stream content, PutMode mode, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        if (_upload is null)
        {
            await inner.PutAsync(key, content, mode, cancellationToken).ConfigureAwait(false);
            return;
        }

        await using Stream throttled = content is SizedStream sized ? new ThrottledSizedContent(sized, _upload) : new ThrottledContent(content, _upload);
        await inner.PutAsync(key, throttled, mode, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(key, offset, destination, cancellationToken).ConfigureAwait(false);
        await TakeAsync(_download, read, cancellationToken).ConfigureAwait(false);
        return read;
    }

    /// <inheritdoc/>
    public ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default) => inner.FindAsync(key, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken = default) => inner.ListAsync(prefix, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default) => inner.DeleteAsync(key, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DeleteManyAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken = default) => inner.DeleteManyAsync(keys, cancellationToken);

    /// <inheritdoc/>
    public ValueTask CopyAsync(string from, string to, CancellationToken cancellationToken = default) => inner.CopyAsync(from, to, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<int> SweepAsync(string prefix, Func<string, bool> goes, CancellationToken cancellationToken = default) => inner.SweepAsync(prefix, goes, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreFeatures> ProbeAsync(CancellationToken cancellationToken = default) => inner.ProbeAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private static ValueTask TakeAsync(Bandwidth? bandwidth, int bytes, CancellationToken cancellationToken) =>
        bandwidth is null ? ValueTask.CompletedTask : bandwidth.TakeAsync(bytes, cancellationToken);
}
