using StellaOps.Backup.Repository.Locks;

namespace StellaOps.Backup.Repository.Copying;

/// <summary>
/// Copies snapshots to another repository and its keys, moving only the blobs that it lacks. May be killed at any time: the next run
/// finds what index files name already. Snapshots are written last, so one that is there is complete.
/// </summary>
public sealed class RepositoryCopy(ResticRepository source, ResticRepository target)
{
    /// <summary>Holds shared locks on both repositories, loads both indexes, copies, and ends when the copies are durable.</summary>
    /// <exception cref="RepositoryException">
    /// <see cref="RepositoryFailure.Locked"/>; <see cref="RepositoryFailure.SnapshotNotFound"/>; <see cref="RepositoryFailure.Damaged"/> index.
    /// Damage that hurts some snapshots only is in the report.
    /// </exception>
    public async Task<CopyReport> RunAsync(CopyRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var held = await source.LockAsync(LockKind.Shared, cancellationToken).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            return await RunUnderLockAsync(request, held.Lost, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// The same without a lock on the source, which a copy of hours would keep from being pruned. A prune deletes what snapshots needed only after its
    /// grace; who copies beside one without any finds blobs gone, reports their snapshots as failed, and is run again.
    /// </summary>
    /// <exception cref="RepositoryException">As of <see cref="RunAsync"/>.</exception>
    public Task<CopyReport> RunBesideAsync(CopyRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return RunUnderLockAsync(request, CancellationToken.None, cancellationToken);
    }

    /// <summary>The same for a caller that holds a lock on the source.</summary>
    /// <param name="request">What to copy.</param>
    /// <param name="sourceLost">Cancelled when that lock is lost.</param>
    /// <param name="cancellationToken">Ends the copy.</param>
    internal async Task<CopyReport> RunUnderLockAsync(CopyRequest request, CancellationToken sourceLost, CancellationToken cancellationToken)
    {
        var held = await target.LockAsync(LockKind.Shared, cancellationToken).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, sourceLost, held.Lost);
            return await new CopyRun(source, target, request).RunAsync(stop.Token).ConfigureAwait(false);
        }
    }
}
