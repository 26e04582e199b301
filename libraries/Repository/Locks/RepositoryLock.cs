using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Locks;

/// <summary>
/// A lock that restic and this engine honour, held until it is disposed. It is written anew every five minutes; others take it for
/// abandoned when that stops for half an hour.
/// </summary>
public sealed class RepositoryLock : IAsyncDisposable
{
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromMinutes(5), RetryEvery = TimeSpan.FromSeconds(20);

    private readonly LockFiles _files;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _released = new(), _lost = new();
    private readonly Task _refreshing;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private LockKind _kind;
    private BlobId _id;

    internal RepositoryLock(LockFiles files, LockKind kind, BlobId id, TimeProvider clock)
    {
        (_files, _kind, _id, _clock) = (files, kind, id, clock);
        _refreshing = RefreshAsync();
    }

    /// <summary>
    /// Cancelled when someone removed the lock, or when it could not be refreshed for so long that another process may soon take it
    /// for abandoned: whoever changes the repository has to stop.
    /// </summary>
    public CancellationToken Lost => _lost.Token;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_released.IsCancellationRequested)
        {
            return;
        }

        await _released.CancelAsync().ConfigureAwait(false);
        await _refreshing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // Whoever heard of the loss may have thrown; the lock is given back all the same.
        await _files.ReleaseAsync(_id).ConfigureAwait(false);
        _released.Dispose();
        _lost.Dispose();
        _turn.Dispose();
    }

    /// <summary>Lets others work again: an exclusive lock becomes a shared one, without a moment between the two.</summary>
    /// <returns>False when the store did not let it; the lock then stays as it was.</returns>
    internal async Task<bool> TryShareAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (await _files.TryReplaceAsync(LockKind.Shared, _id, cancellationToken).ConfigureAwait(false) is not { } id)
            {
                return false;
            }

            (_id, _kind) = (id, LockKind.Shared);
            return true;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task RefreshAsync()
    {
        var written = _clock.GetTimestamp();
        var wait = RefreshEvery;
        while (await DelayAsync(wait).ConfigureAwait(false))
        {
            var refreshed = await TryRefreshAsync().ConfigureAwait(false);
            if (refreshed == Refreshed.Yes)
            {
                (written, wait) = (_clock.GetTimestamp(), RefreshEvery);
                continue;
            }

            wait = RetryEvery;
            if (refreshed == Refreshed.Removed || _clock.GetElapsedTime(written) >= LockFiles.TrustedFor)
            {
                await _lost.CancelAsync().ConfigureAwait(false);
                return;
            }
        }
    }

    private async Task<Refreshed> TryRefreshAsync()
    {
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            if (!await _files.IsThereAsync(_id, _released.Token).ConfigureAwait(false))
            {
                return Refreshed.Removed;
            }

            if (await _files.TryReplaceAsync(_kind, _id, _released.Token).ConfigureAwait(false) is not { } id)
            {
                return Refreshed.No;
            }

            _id = id;
            return Refreshed.Yes;
        }
        catch (Exception)
        {
            // Whatever it is: a loop that ended here would never tell its holder that others take the lock for abandoned.
            return Refreshed.No;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>False when the lock was released meanwhile.</summary>
    private async Task<bool> DelayAsync(TimeSpan wait)
    {
        await Task.Delay(wait, _clock, _released.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !_released.IsCancellationRequested;
    }

    private enum Refreshed
    {
        Yes,
        No,

        /// <summary>Someone removed the lock.</summary>
        Removed,
    }
}
