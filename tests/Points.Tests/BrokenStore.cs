using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Points.Tests;

/// <summary>A store that refuses everything, for one reason.</summary>
internal sealed class BrokenStore(StorageFailure failure) : IObjectStore
{
    public string Description => "broken";

    public ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default) =>
        throw Refusal();

    public ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) =>
        throw Refusal();

    public ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default) => throw Refusal();

    public IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken = default) => throw Refusal();

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default) => throw Refusal();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private StorageException Refusal() => new(failure, $"the store is made to fail: {failure}");
}
