using System.Runtime.CompilerServices;

namespace StellaOps.Backup.Storage;

/// <summary>A folder of another store, seen as a store: a repository inside a location.</summary>
/// <param name="inner">Store that holds the objects; it is not disposed with this one.</param>
/// <param name="folder">Folder without a closing <c>/</c>.</param>
public sealed class PrefixStore(IObjectStore inner, string folder) : IObjectStore
{
    private readonly string _prefix = Checked(folder) + "/";

    /// <inheritdoc/>
    public string Description => $"{inner.Description.TrimEnd('/')}/{folder}";

    /// <inheritdoc/>
    public ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default) =>
        inner.PutAsync(Full(key), content, mode, cancellationToken);

    /// <inheritdoc/>
    public ValueTask PutAsync(string key, Stream content, PutMode mode, CancellationToken cancellationToken = default) =>
        inner.PutAsync(Full(key), content, mode, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(Full(key), offset, destination, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default) =>
        await inner.FindAsync(Full(key), cancellationToken).ConfigureAwait(false) is { } found ? found with { Key = key } : null;

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var found in inner.ListAsync(_prefix + prefix, cancellationToken).ConfigureAwait(false))
        {
            yield return found with { Key = found.Key[_prefix.Length..] };
        }
    }

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default) =>
        inner.DeleteAsync(Full(key), cancellationToken);

    /// <inheritdoc/>
    public ValueTask DeleteManyAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken = default) =>
        inner.DeleteManyAsync([.. keys.Select(Full)], cancellationToken);

    /// <inheritdoc/>
    public ValueTask CopyAsync(string from, string to, CancellationToken cancellationToken = default) =>
        inner.CopyAsync(Full(from), Full(to), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<int> SweepAsync(string prefix, Func<string, bool> goes, CancellationToken cancellationToken = default) =>
        inner.SweepAsync(_prefix + prefix, key => goes(key[_prefix.Length..]), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreFeatures> ProbeAsync(CancellationToken cancellationToken = default) => inner.ProbeAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private string Full(string key)
    {
        ObjectKey.Check(key);
        return _prefix + key;
    }

    private static string Checked(string folder)
    {
        ObjectKey.Check(folder);
        return folder;
    }
}
