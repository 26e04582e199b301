using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Workers.Repositories;

/// <summary>Undelete, the same for all components: brings forgotten snapshots back, all of whose data is still there.</summary>
internal sealed class Undeleting(ComponentRepositories repositories)
{
    /// <exception cref="BackupException"><c>snapshot.not-found</c>: one of them is gone for good. Those before it are back.</exception>
    public async Task<TaskResult> RunAsync(TaskContext context, Component component, UndeleteSpec spec, CancellationToken cancellationToken)
    {
        context.Progress.Begin("undelete");
        var opened = await repositories.OpenAsync(component, cancellationToken).ConfigureAwait(false);
        await using (opened.ConfigureAwait(false))
        {
            foreach (var id in spec.SnapshotIds)
            {
                // Durable after each: the snapshot. Killed here, the next attempt finds it, and goes on with the others.
                await BringBackAsync(opened, ComponentRepository.ParseId(id), cancellationToken).ConfigureAwait(false);
                context.Log.Info($"{component.Name()}: snapshot {id[..8]} is back");
            }

            return new TaskResult { Outcome = Outcome.Complete };
        }
    }

    private static async Task BringBackAsync(ComponentRepository opened, BlobId id, CancellationToken cancellationToken)
    {
        try
        {
            await opened.LoadSnapshotAsync($"{id}", cancellationToken).ConfigureAwait(false);
        }
        catch (RepositoryException missing) when (missing.Failure == RepositoryFailure.SnapshotNotFound)
        {
            var forgotten = await opened.Repository.Forgotten.ListAsync(cancellationToken)
                .FirstOrDefaultAsync(one => one.Id == id || one.Snapshot?.Original == id, cancellationToken).ConfigureAwait(false);
            await UndeleteAsync(opened.Repository.Forgotten, forgotten?.Id ?? id, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task UndeleteAsync(ForgottenSnapshots forgotten, BlobId id, CancellationToken cancellationToken)
    {
        try
        {
            await forgotten.UndeleteAsync(id, cancellationToken).ConfigureAwait(false);
        }
        catch (RepositoryException gone) when (gone.Failure == RepositoryFailure.SnapshotNotFound)
        {
            throw new BackupException(ErrorCodes.SnapshotNotFound, gone.Message, "It is gone for good. 'stella backup undelete --list' shows what can be brought back.", gone);
        }
    }
}
