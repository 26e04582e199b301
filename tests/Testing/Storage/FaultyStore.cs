using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Testing.Storage;

/// <summary>What goes wrong, and at which call.</summary>
public enum Fault
{
    /// <summary>The call fails, nothing happens; the next ones work.</summary>
    Fail,

    /// <summary>The call and all later ones fail; what was there can still be read.</summary>
    FailAlways,

    /// <summary>The process dies before the call does anything: it and all later calls fail.</summary>
    Crash,

    /// <summary>The call takes effect, then the process dies: its caller never learns.</summary>
    CrashAfter,
}

/// <summary>Calls that change a store.</summary>
public enum Change
{
    Put,
    Delete,
}

/// <summary>Thrown in place of the death of the process.</summary>
public sealed class CrashException() : Exception("the process died here");

/// <summary>Another store, with a fault at the N-th put or delete (counted from 1, both together unless one is named).</summary>
public sealed class FaultyStore(IObjectStore inner, Fault fault, int at, Change? only = null) : IObjectStore
{
    private int _changes;
    private volatile bool _dead;

    public string Description => inner.Description;

    /// <summary>Changes seen so far.</summary>
    public int Changes => Volatile.Read(ref _changes);

    /// <summary>True when the fault has happened.</summary>
    public bool Struck { get; private set; }

    public ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default) =>
        ChangeAsync(Change.Put, () => inner.PutAsync(key, content, mode, cancellationToken));

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default) =>
        ChangeAsync(Change.Delete, () => inner.DeleteAsync(key, cancellationToken));

    public ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        ThrowIfDead();
        return inner.ReadAsync(key, offset, destination, cancellationToken);
    }

    public ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default)
    {
        ThrowIfDead();
        return inner.FindAsync(key, cancellationToken);
    }

    public IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken = default)
    {
        ThrowIfDead();
        return inner.ListAsync(prefix, cancellationToken);
    }

    public ValueTask<int> SweepAsync(string prefix, CancellationToken cancellationToken = default)
    {
        ThrowIfDead();
        return inner.SweepAsync(prefix, cancellationToken);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async ValueTask ChangeAsync(Change change, Func<ValueTask> apply)
    {
        ThrowIfDead();
        var number = only is null || only == change ? Interlocked.Increment(ref _changes) : 0;
        var strikes = fault == Fault.FailAlways ? number >= at : number == at;
        if (!strikes)
        {
            await apply();
            return;
        }

        Struck = true;
        if (fault is Fault.Fail or Fault.FailAlways)
        {
            throw new StorageException(StorageFailure.Unavailable, "the store failed here");
        }

        _dead = true;
        if (fault == Fault.CrashAfter)
        {
            await apply();
        }

        throw new CrashException();
    }

    private void ThrowIfDead()
    {
        if (_dead)
        {
            throw new CrashException();
        }
    }
}
