using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Pruning;

namespace StellaOps.Backup.Workers.Repositories;

/// <summary>Forget, the same for all components: drops snapshots, then the data that only they used.</summary>
internal sealed class Forgetting(ComponentRepositories repositories)
{
    public async Task<TaskResult> RunAsync(TaskContext context, Component component, ForgetSpec spec, CancellationToken cancellationToken)
    {
        var opened = await repositories.OpenAsync(component, cancellationToken).ConfigureAwait(false);
        await using (opened.ConfigureAwait(false))
        {
            context.Progress.Begin("forget");
            var ids = new List<BlobId>();
            foreach (var id in spec.SnapshotIds)
            {
                ids.Add(await opened.ResolveIdAsync(id, cancellationToken).ConfigureAwait(false));
            }

            await opened.Repository.ForgetAsync(ids, cancellationToken).ConfigureAwait(false);

            // Durable from here on: the snapshots are gone. A prune that is killed leaves a whole repository, and the next one goes on.
            context.Progress.Begin("prune");
            var report = await opened.Repository.PruneAsync(new PruneOptions(), cancellationToken).ConfigureAwait(false);
            context.Log.Info($"{component.Name()}: {spec.SnapshotIds.Count} snapshots dropped, {report.BlobsRemoved} blobs and "
                + $"{report.BytesBefore - report.BytesAfter} bytes removed");
            return new TaskResult { Outcome = Outcome.Complete };
        }
    }
}
