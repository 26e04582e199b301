using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Copying;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Tasks;

namespace StellaOps.Backup.Workers.Secondary;

/// <summary>
/// Brings the second place of a component's repository up to date: blobs that it lacks, then its index, then the snapshots; or drops snapshots there and
/// prunes. It takes no slot of the worker, and reads nothing while another task of the worker runs: backups and restores go first.
/// </summary>
internal sealed class Replicating(ComponentRepositories repositories, IOptions<SecondarySettings> secondary, TaskSlots slots, TimeProvider clock)
{
    /// <exception cref="BackupException">The worker knows of no secondary location.</exception>
    public async Task<TaskResult> RunAsync(TaskContext context, Component component, ReplicateSpec spec, CancellationToken cancellationToken)
    {
        var location = secondary.Value.ToLocation() ?? throw new BackupException(
            ErrorCodes.NotConfigured, $"the worker of {component.Name()} knows of no secondary location", "Give the workers the same section Secondary as the coordinator, and restart them.");
        var replica = await repositories.OpenReplicaAsync(component, location, spec.LocationId, cancellationToken).ConfigureAwait(false);
        await using (replica.ConfigureAwait(false))
        {
            var startedAt = clock.GetTimestamp();
            var result = spec.Copy.Count > 0 ? await CopyAsync(context, component, replica, spec.Copy, cancellationToken).ConfigureAwait(false) : new ReplicateResult();
            if (spec.Drop.Count > 0)
            {
                result = await DropAsync(context, component, replica, result, spec.Drop, cancellationToken).ConfigureAwait(false);
            }

            return new TaskResult
            {
                Outcome = Outcome.Complete,
                Replicate = result with { Phases = [new PhaseTime(spec.Copy.Count > 0 ? "copy" : "drop", clock.GetElapsedTime(startedAt)) { Bytes = result.BytesCopied }] },
            };
        }
    }

    private async Task<ReplicateResult> CopyAsync(
        TaskContext context, Component component, ComponentReplica replica, IReadOnlyList<string> wanted, CancellationToken cancellationToken)
    {
        var here = await FindAsync(context, component, replica.Here, wanted, cancellationToken).ConfigureAwait(false);
        var inCharge = await replica.IsInChargeThereAsync(cancellationToken).ConfigureAwait(false);
        var request = new CopyRequest
        {
            // A new epoch comes into charge with everything that the one before it has: points name all of it.
            Snapshots = inCharge ? [.. here.Values.Distinct()] : null,
            OnProgress = Progress(context),
            OnRead = slots.WhenIdleAsync,
        };
        var report = await CopyAsync(replica, request, cancellationToken).ConfigureAwait(false);
        if (!inCharge)
        {
            // Durable before: all snapshots under the new key. Killed here, the next attempt finds them and goes on.
            await replica.TakeChargeThereAsync(clock.GetUtcNow(), cancellationToken).ConfigureAwait(false);
        }

        context.Log.Info($"{component.Name()}: {report.Copied.Count} snapshots with {report.BytesAdded} bytes are new in {replica.There.Repository.Store.Description}");
        return new ReplicateResult { Present = [.. here.Keys], BytesCopied = report.BytesAdded };
    }

    /// <summary>The wanted snapshots that are here, under the ids of the command. One that was dropped since has no place there either.</summary>
    private static async Task<Dictionary<string, BlobId>> FindAsync(
        TaskContext context, Component component, ComponentRepository here, IReadOnlyList<string> wanted, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, BlobId>(StringComparer.Ordinal);
        foreach (var id in wanted)
        {
            try
            {
                found[id] = (await here.LoadSnapshotAsync(id, cancellationToken).ConfigureAwait(false)).Id;
            }
            catch (RepositoryException gone) when (gone.Failure == RepositoryFailure.SnapshotNotFound)
            {
                context.Log.Warning($"{component.Name()}: snapshot {id[..8]} is not here any more, and is not copied");
            }
        }

        return found;
    }

    /// <summary>Twice, where something is missing: a prune may have moved it while the first attempt read, and the second one reads the index anew.</summary>
    private static async Task<CopyReport> CopyAsync(ComponentReplica replica, CopyRequest request, CancellationToken cancellationToken)
    {
        var copy = new RepositoryCopy(replica.Here.Repository, replica.There.Repository);
        var report = await copy.RunBesideAsync(request, cancellationToken).ConfigureAwait(false);
        report = report.Failed.Count == 0 ? report : await copy.RunBesideAsync(request, cancellationToken).ConfigureAwait(false);
        return report.Failed is [var failed, ..]
            ? throw new RepositoryException(RepositoryFailure.Damaged, $"snapshot {failed.Source} cannot be copied, because it is damaged here: {failed.Reason}")
            : report;
    }

    private static async Task<ReplicateResult> DropAsync(
        TaskContext context, Component component, ComponentReplica replica, ReplicateResult result, IReadOnlyList<string> dropped, CancellationToken cancellationToken)
    {
        context.Progress.Begin("forget");
        var ids = new List<BlobId>();
        foreach (var id in dropped)
        {
            ids.Add(await replica.There.ResolveIdAsync(id, cancellationToken).ConfigureAwait(false));
        }

        // Their grace is over: it was that of the first location. Durable after this: they are gone. A prune that is killed leaves a whole repository.
        await replica.There.Repository.Forgotten.ForgetAsync(ids, TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        context.Progress.Begin("prune");
        var report = await replica.There.Repository.PruneAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        context.Log.Info($"{component.Name()}: {ids.Count} snapshots went from {replica.There.Repository.Store.Description}, {report.BytesBefore - report.BytesAfter} bytes were freed now");
        return result with { Dropped = ids.Count, BytesFreed = Math.Max(0, report.BytesBefore - report.BytesAfter) };
    }

    private static Action<CopyProgress> Progress(TaskContext context)
    {
        long blobs = 0, bytes = 0;
        var begun = false;
        return now =>
        {
            if (!begun || now.Blobs < blobs)
            {
                (begun, blobs, bytes) = (true, 0, 0);
                context.Progress.Begin("copy", now.BlobsTotal, now.BytesTotal);
            }

            context.Progress.Add(now.Blobs - blobs, now.Bytes - bytes);
            (blobs, bytes) = (now.Blobs, now.Bytes);
        };
    }
}
