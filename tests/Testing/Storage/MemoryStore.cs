using System.Collections.Concurrent;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Testing.Storage;

/// <summary>Objects in memory, for tests that look at what was stored or change it.</summary>
public sealed class MemoryStore : IObjectStore
{
    private readonly ConcurrentDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);

    public string Description => "memory:";

    public IEnumerable<string> Keys => _objects.Keys.Order(StringComparer.Ordinal);

    public byte[] this[string key]
    {
        get => _objects[key];
        set => _objects[key] = value;
    }

    /// <summary>Keys below a folder, in order.</summary>
    public IReadOnlyList<string> Under(string folder) => [.. Keys.Where(key => key.StartsWith(folder, StringComparison.Ordinal))];

    public MemoryStore Copy()
    {
        var copy = new MemoryStore();
        foreach (var (key, content) in _objects)
        {
            copy[key] = [.. content];
        }

        return copy;
    }

    public ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default)
    {
        ObjectKey.Check(key);
        cancellationToken.ThrowIfCancellationRequested();
        if (mode == PutMode.Replace)
        {
            _objects[key] = content.ToArray();
        }
        else if (!_objects.TryAdd(key, content.ToArray()))
        {
            throw new StorageException(StorageFailure.AlreadyExists, $"{key} exists");
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        ObjectKey.Check(key);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (!_objects.TryGetValue(key, out var content))
        {
            throw new StorageException(StorageFailure.NotFound, $"there is no {key}");
        }

        var length = (int)Math.Clamp(content.Length - offset, 0, destination.Length);
        content.AsMemory((int)Math.Min(offset, content.Length), length).CopyTo(destination);
        return ValueTask.FromResult(length);
    }

    public ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default)
    {
        ObjectKey.Check(key);
        return ValueTask.FromResult<StoredObject?>(
            _objects.TryGetValue(key, out var content) ? new StoredObject(key, content.Length, DateTimeOffset.UnixEpoch) : null);
    }

    public IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
        _objects.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Select(pair => new StoredObject(pair.Key, pair.Value.Length, DateTimeOffset.UnixEpoch))
            .ToAsyncEnumerable();

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default)
    {
        ObjectKey.Check(key);
        _objects.TryRemove(key, out _);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
