using System.Runtime.CompilerServices;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Testing.Storage;

/// <summary>Another store, in which things go wrong where the rules say so. Calls are counted; a call is hit by one rule at most.</summary>
public sealed class FaultyStore(IObjectStore inner, params IReadOnlyList<FaultRule> rules) : IObjectStore
{
    private readonly int[] _matched = new int[rules.Count];
    private readonly int[] _calls = new int[Enum.GetValues<StoreCallKind>().Length];
    private volatile bool _dead;
    private object? _hit;

    /// <summary>A fault at the N-th put or delete, counted from 1, both together.</summary>
    public FaultyStore(IObjectStore inner, Fault fault, int at)
        : this(inner, new FaultRule(fault) { Matches = call => call.IsChange, At = at })
    {
    }

    public string Description => inner.Description;

    /// <summary>All calls so far, those that were hit included.</summary>
    public int Calls => _calls.Sum();

    /// <summary>True when a rule has hit a call.</summary>
    public bool Struck => Hit is not null;

    /// <summary>The first call that a rule has hit.</summary>
    public StoreCall? Hit => (StoreCall?)Volatile.Read(ref _hit);

    /// <summary>Calls of one kind so far.</summary>
    public int CallsOf(StoreCallKind kind) => Volatile.Read(ref _calls[(int)kind]);

    public async ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default) =>
        await CallAsync(
            new StoreCall(StoreCallKind.Put, key),
            () => Done(inner.PutAsync(key, content, mode, cancellationToken)),
            () => Done(inner.PutAsync(key, content[..(content.Length / 2)], mode, cancellationToken)),
            cancellationToken);

    public async ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default) =>
        await CallAsync(new StoreCall(StoreCallKind.Delete, key), () => Done(inner.DeleteAsync(key, cancellationToken)), torn: null, cancellationToken);

    public ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default) =>
        CallAsync(
            new StoreCall(StoreCallKind.Read, key),
            () => inner.ReadAsync(key, offset, destination, cancellationToken),
            () => inner.ReadAsync(key, offset, destination[..(destination.Length / 2)], cancellationToken),
            cancellationToken);

    public ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default) =>
        CallAsync(new StoreCall(StoreCallKind.Find, key), () => inner.FindAsync(key, cancellationToken), torn: null, cancellationToken);

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var rule = Count(new StoreCall(StoreCallKind.List, prefix));
        await BeforeAsync(rule, cancellationToken);
        var listed = await inner.ListAsync(prefix, cancellationToken).ToListAsync(cancellationToken);
        foreach (var found in rule?.Fault == Fault.Tear ? listed[..(listed.Count / 2)] : listed)
        {
            ThrowIfDead();
            yield return found;
        }

        After(rule);
    }

    public ValueTask<int> SweepAsync(string prefix, Func<string, bool> goes, CancellationToken cancellationToken = default) =>
        CallAsync(new StoreCall(StoreCallKind.Sweep, prefix), () => inner.SweepAsync(prefix, goes, cancellationToken), torn: null, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async ValueTask<T> CallAsync<T>(StoreCall call, Func<ValueTask<T>> apply, Func<ValueTask<T>>? torn, CancellationToken cancellationToken)
    {
        var rule = Count(call);
        await BeforeAsync(rule, cancellationToken);
        var answer = await (rule?.Fault == Fault.Tear && torn is not null ? torn() : apply());
        if (call.Kind != StoreCallKind.Read || rule?.Fault != Fault.Tear)
        {
            After(rule);
        }

        return answer;
    }

    private FaultRule? Count(StoreCall call)
    {
        ThrowIfDead();
        Interlocked.Increment(ref _calls[(int)call.Kind]);
        FaultRule? hit = null;
        for (var i = 0; i < rules.Count; i++)
        {
            if (rules[i].Matches(call) && rules[i].Strikes(Interlocked.Increment(ref _matched[i])))
            {
                hit ??= rules[i];
            }
        }

        if (hit is not null)
        {
            Interlocked.CompareExchange(ref _hit, call, null);
        }

        return hit;
    }

    private async ValueTask BeforeAsync(FaultRule? rule, CancellationToken cancellationToken)
    {
        switch (rule?.Fault)
        {
            case Fault.Fail or Fault.FailAlways:
                throw Failed(rule);
            case Fault.Crash:
                _dead = true;
                throw new CrashException();
            case Fault.CrashAfter:
                _dead = true; // Before the call: what others begin meanwhile must not get through after it.
                break;
            case Fault.Delay:
                await rule.Delay(cancellationToken);
                ThrowIfDead();
                break;
        }
    }

    private static void After(FaultRule? rule)
    {
        switch (rule?.Fault)
        {
            case Fault.LoseAnswer or Fault.Tear:
                throw Failed(rule);
            case Fault.CrashAfter:
                throw new CrashException();
        }
    }

    private static StorageException Failed(FaultRule rule) => new(rule.Failure, "the store failed here");

    private void ThrowIfDead()
    {
        if (_dead)
        {
            throw new CrashException();
        }
    }

    private static async ValueTask<bool> Done(ValueTask task)
    {
        await task;
        return true;
    }
}
