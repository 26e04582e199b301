using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace StellaOps.Backup.Storage.Decorators;

/// <summary>
/// Another store, for which nobody waits longer than <paramref name="patience"/> at a call, or at the next object of a listing. What was given up may take effect
/// later, where the store cannot cancel it: a mount that hangs. So changes go to the store one after the other, and none passes one that was given up.
/// Copies, puts of streams, sweeps and probes take as long as they take. The other store is its owner's to dispose.
/// </summary>
public sealed class PromptStore(IObjectStore inner, TimeSpan patience, TimeProvider clock) : IObjectStore
{
    /// <summary>Objects of a listing that are held in memory at most.</summary>
    private const int Ahead = 1000;

    /// <summary>Calls that were given up and have not come back: each may hold a thread, and no more are made meanwhile.</summary>
    private const int MostHanging = 16;

    // Not disposed: what was given up may give it back after everybody has gone.
    private readonly SemaphoreSlim _change = new(1, 1);
    private int _hanging;

    /// <inheritdoc/>
    public string Description => inner.Description;

    /// <inheritdoc/>
    public async ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, PutMode mode, CancellationToken cancellationToken = default) =>
        await ChangeAsync(token => inner.PutAsync(key, content, mode, token), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask PutAsync(string key, Stream content, PutMode mode, CancellationToken cancellationToken = default) => inner.PutAsync(key, content, mode, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        // Memory of its own: a read that was given up must not write into what its caller uses for something else by then.
        var content = new byte[destination.Length];
        var read = await AskAsync(token => inner.ReadAsync(key, offset, content, token), cancellationToken).ConfigureAwait(false);
        content.AsMemory(0, read).CopyTo(destination);
        return read;
    }

    /// <inheritdoc/>
    public async ValueTask<StoredObject?> FindAsync(string key, CancellationToken cancellationToken = default) =>
        await AskAsync(token => inner.FindAsync(key, token), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        RequireBack();
        var found = Channel.CreateBounded<StoredObject>(Ahead);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var token = stop.Token;
        var listing = Task.Run(() => ListAsync(prefix, found.Writer, token), CancellationToken.None);
        try
        {
            while (await AskAsync(found.Reader.WaitToReadAsync, cancellationToken).ConfigureAwait(false))
            {
                while (found.Reader.TryRead(out var one))
                {
                    yield return one;
                }
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            Leave(listing);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string key, CancellationToken cancellationToken = default) =>
        await ChangeAsync(token => inner.DeleteAsync(key, token), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask DeleteManyAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken = default) =>
        await ChangeAsync(token => inner.DeleteManyAsync(keys, token), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask CopyAsync(string from, string to, CancellationToken cancellationToken = default) => inner.CopyAsync(from, to, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<int> SweepAsync(string prefix, Func<string, bool> goes, CancellationToken cancellationToken = default) => inner.SweepAsync(prefix, goes, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoreFeatures> ProbeAsync(CancellationToken cancellationToken = default) => inner.ProbeAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Whatever ends the listing is for its reader.</summary>
    private async Task ListAsync(string prefix, ChannelWriter<StoredObject> found, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var one in inner.ListAsync(prefix, cancellationToken).ConfigureAwait(false))
            {
                await found.WriteAsync(one, cancellationToken).ConfigureAwait(false);
            }

            found.Complete();
        }
        catch (Exception failure)
        {
            found.Complete(failure);
        }
    }

    private async ValueTask ChangeAsync(Func<CancellationToken, ValueTask> change, CancellationToken cancellationToken) =>
        await AskAsync(
            async token =>
            {
                await _change.WaitAsync(token).ConfigureAwait(false);
                try
                {
                    await change(token).ConfigureAwait(false);
                    return true;
                }
                finally
                {
                    _change.Release();
                }
            },
            cancellationToken).ConfigureAwait(false);

    private async ValueTask<T> AskAsync<T>(Func<CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        RequireBack();
        using var limit = new CancellationTokenSource(patience, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var token = both.Token;

        // On another thread: a mount that hangs holds the one that asks it.
        var answer = Task.Run(() => call(token).AsTask(), CancellationToken.None);
        try
        {
            return await answer.WaitAsync(token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw Silent();
        }
        finally
        {
            Leave(answer);
        }
    }

    /// <summary>Counts a call until it comes back; one that has is not counted.</summary>
    private void Leave(Task call)
    {
        if (!call.IsCompleted)
        {
            Interlocked.Increment(ref _hanging);
            _ = call.ContinueWith(_ => Interlocked.Decrement(ref _hanging), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private void RequireBack()
    {
        if (Volatile.Read(ref _hanging) >= MostHanging)
        {
            throw Silent();
        }
    }

    private StorageException Silent() => new(StorageFailure.Unavailable, $"{Description} did not answer within {patience.TotalSeconds:0} seconds");
}
