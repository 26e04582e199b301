using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Testing.Storage;

/// <summary>A store with room for so many bytes: what does not fit fails as on a full disk.</summary>
public sealed class SmallStore(MemoryStore inner) : IObjectStore
{
    /// <summary>Bytes that all objects together may have.</summary>
    public long Capacity { get; set; } = long.MaxValue;

    public long Used => inner.Keys.Sum(key => inner[key].LongLength);

    public string Description => inner.Description;

    public ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default) =>
        Used + content.Length <= Capacity
            ? inner.PutAsync(key, content, mode, cancellationToken)
            : throw new StorageException(StorageFailure.Full, $"no room for {key}");

    public ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(key, offset, destination, cancellationToken);

    public ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default) => inner.FindAsync(key, cancellationToken);

    public IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken = default) => inner.ListAsync(prefix, cancellationToken);

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default) => inner.DeleteAsync(key, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
