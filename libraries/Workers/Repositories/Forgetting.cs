using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Pruning;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Workers.Repositories;

/// <summary>
/// Forget, the same for all components: drops snapshots, keeps them for their grace, and prunes what nothing needs any more. Where the
/// location has no room for packs that are written anew, they stay as they are. Where it is full to the last byte there is no room for a grace
/// either: the snapshots go for good, and only deletions are made.
/// </summary>
internal sealed class Forgetting(ComponentRepositories repositories, TimeProvider clock)
{
    public async Task<TaskResult> RunAsync(TaskContext context, Component component, ForgetSpec spec, CancellationToken cancellationToken)
    {
        var opened = await repositories.OpenAsync(component, cancellationToken).ConfigureAwait(false);
        await using (opened.ConfigureAwait(false))
        {
            List<BlobId> snapshots = [];
            foreach (var id in spec.SnapshotIds)
            {
                snapshots.Add(await opened.ResolveIdAsync(id, cancellationToken).ConfigureAwait(false));
            }

            var grace = spec.Grace ?? ForgottenSnapshots.DefaultGrace;
            var ends = spec.EndGrace;
            var prune = new PruneOptions { DropForgotten = ends };
            prune = grace > TimeSpan.Zero ? prune : prune with { Grace = TimeSpan.Zero };

            // The copies of a prune may be what fills a location: without them there may be room, and every grace stays.
            var report = await TryAsync(context, opened.Repository, snapshots, grace, prune, cancellationToken).ConfigureAwait(false)
                ?? await TryAsync(context, opened.Repository, snapshots, grace, prune with { Repack = false }, cancellationToken).ConfigureAwait(false);
            if (report is null)
            {
                context.Log.Warning($"{component.Name()}: the location is full; what was forgotten is deleted at once and cannot be brought back");
                (grace, ends) = (TimeSpan.Zero, true);
                report = await RunAsync(context, opened.Repository, snapshots, grace, new PruneOptions { Emergency = true }, cancellationToken).ConfigureAwait(false);
            }

            context.Log.Info($"{component.Name()}: {snapshots.Count} snapshots dropped, {report.BytesBefore - report.BytesAfter} bytes freed now; "
                + $"{report.Plan.BytesMarked} bytes are marked, {report.Plan.BytesHeldByForgotten} bytes are kept for {report.Plan.ForgottenKept} forgotten snapshots");
            var until = await UndeletableUntilAsync(opened.Repository, snapshots, cancellationToken).ConfigureAwait(false);
            return new TaskResult { Outcome = Outcome.Complete, Forget = Result(snapshots.Count, grace, report) with { UndeletableUntil = until, GraceEnded = ends } };
        }
    }

    /// <summary>The soonest of those that can be brought back: what an earlier run forgot has its grace from then on, or none any more.</summary>
    private async Task<DateTimeOffset?> UndeletableUntilAsync(ResticRepository repository, List<BlobId> snapshots, CancellationToken cancellationToken)
    {
        DateTimeOffset? soonest = null;
        if (snapshots.Count == 0)
        {
            return soonest;
        }

        var now = clock.GetUtcNow();
        await foreach (var forgotten in repository.Forgotten.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            if (snapshots.Contains(forgotten.Id) && forgotten.Damage is null && forgotten.ExpiresAt > now && !(soonest <= forgotten.ExpiresAt))
            {
                soonest = forgotten.ExpiresAt;
            }
        }

        return soonest;
    }

    private static ForgetResult Result(int snapshots, TimeSpan grace, PruneReport report) => new()
    {
        Snapshots = snapshots,
        BytesBefore = report.BytesBefore,
        BytesAfter = report.BytesAfter,
        BytesWaiting = grace > TimeSpan.Zero ? report.Plan.BytesMarked : 0,
        BytesForgotten = report.Plan.BytesHeldByForgotten,
    };

    /// <summary>Null where the location has no room for it.</summary>
    private static async Task<PruneReport?> TryAsync(
        TaskContext context, ResticRepository repository, List<BlobId> snapshots, TimeSpan grace, PruneOptions prune, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(context, repository, snapshots, grace, prune, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.Full)
        {
            context.Log.Info(exception.Message);
            return null;
        }
    }

    private static async Task<PruneReport> RunAsync(
        TaskContext context, ResticRepository repository, List<BlobId> snapshots, TimeSpan grace, PruneOptions prune, CancellationToken cancellationToken)
    {
        context.Progress.Begin("forget");
        await repository.Forgotten.ForgetAsync(snapshots, grace, cancellationToken).ConfigureAwait(false);

        // Durable from here on: the snapshots are gone. A prune that is killed leaves a whole repository, and the next one goes on.
        context.Progress.Begin("prune");
        return await repository.PruneAsync(prune, cancellationToken).ConfigureAwait(false);
    }
}
