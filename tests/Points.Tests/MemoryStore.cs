using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Points.Tests;

/// <summary>The contract of a store, over a dictionary; fails every call with <see cref="Failure"/> when it is set.</summary>
internal sealed class MemoryStore : IObjectStore
{
    public ConcurrentDictionary<string, byte[]> Objects { get; } = [];

    public StorageFailure? Failure { get; set; }

    public string Description => "memory";

    public ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default)
    {
        ThrowIfFailing();
        if (mode == PutMode.Replace)
        {
            Objects[key] = content.ToArray();
        }
        else if (!Objects.TryAdd(key, content.ToArray()))
        {
            throw new StorageException(StorageFailure.AlreadyExists, key);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        ThrowIfFailing();
        if (!Objects.TryGetValue(key, out var content))
        {
            throw new StorageException(StorageFailure.NotFound, key);
        }

        var part = content.AsMemory((int)offset);
        part = part[..Math.Min(part.Length, destination.Length)];
        part.CopyTo(destination);
        return ValueTask.FromResult(part.Length);
    }

    public ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default)
    {
        ThrowIfFailing();
        return ValueTask.FromResult<StoredObject?>(
            Objects.TryGetValue(key, out var content) ? new StoredObject(key, content.Length, DateTimeOffset.UnixEpoch) : null);
    }

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ThrowIfFailing();
        await Task.Yield();
        foreach (var (key, content) in Objects.Where(item => item.Key.StartsWith(prefix, StringComparison.Ordinal)))
        {
            yield return new StoredObject(key, content.Length, DateTimeOffset.UnixEpoch);
        }
    }

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default)
    {
        ThrowIfFailing();
        Objects.TryRemove(key, out _);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void ThrowIfFailing()
    {
        if (Failure is { } failure)
        {
            throw new StorageException(failure, $"the store is made to fail: {failure}");
        }
    }
}
