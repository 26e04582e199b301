using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Workers.Tasks;

namespace StellaOps.Backup.Workers.Repositories;

/// <summary>
/// Drops what an earlier attempt of a task saved and could not report: of one task only the snapshot of the accepted
/// attempt stays. Its blobs stay until its grace is over, and make this attempt quick.
/// </summary>
public static class EarlierAttempts
{
    /// <summary>
    /// Forgets the snapshots of earlier attempts; the first attempt looks for none. Of a later attempt there is one where this worker stood still for
    /// longer than its lease: that snapshot may be the accepted one.
    /// </summary>
    public static async Task ForgetAsync(ResticRepository repository, TaskContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(repository);
        ArgumentNullException.ThrowIfNull(context);
        if (context.Attempt <= 1)
        {
            return;
        }

        var tag = TaskContexts.TaskTag(context.TaskId);
        var earlier = new List<BlobId>();

        // Damaged ones are named when the backup looks for its parent.
        await foreach (var snapshot in repository.ListReadableSnapshotsAsync(cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            if (snapshot.Tags is { } tags && tags.Contains(tag, StringComparer.Ordinal) && TaskContexts.MayBeEarlier(tags, context.Attempt))
            {
                earlier.Add(snapshot.Id);
            }
        }

        if (earlier.Count == 0)
        {
            return;
        }

        try
        {
            await repository.Forgotten.ForgetAsync(earlier, ForgottenSnapshots.DefaultGrace, cancellationToken).ConfigureAwait(false);
            context.Log.Info($"the snapshot of an earlier attempt was dropped: {string.Join(", ", earlier)}");
        }
        catch (RepositoryException e) when (e.Failure == RepositoryFailure.Locked)
        {
            // It costs nothing but a line in a listing, and is no reason to wait for another backup.
            context.Log.Warning($"the snapshot of an earlier attempt stays, because the repository is in use: {string.Join(", ", earlier)}");
        }
    }
}
