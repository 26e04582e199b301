using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Retention;

/// <summary>
/// Snapshots of backups that ended without a recovery point: they were cancelled after a component was saved, or could not be sealed until the deadline. No point
/// lists them, so no rule decides about them; they are forgotten once, with a grace.
/// </summary>
internal sealed class OrphanSnapshots(CatalogContext catalog, [FromKeyedServices(LocationPatience.UnderLock)] IObjectStore location, TimeProvider clock)
{
    /// <summary>An attempt to seal that hung when its backup ended is over by then.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromDays(1);

    private sealed record Orphan(Guid PointId, DateTimeOffset StartedAt, Component Component, string SnapshotId);

    public async Task<IReadOnlyList<(Component Component, string Id)>> ReadAsync(CancellationToken cancellationToken)
    {
        var found = await UnlistedAsync(cancellationToken);
        if (found.Count == 0)
        {
            return [];
        }

        var known = await KnownAsync(cancellationToken);
        found.RemoveAll(orphan => known.Contains((orphan.Component, orphan.SnapshotId)));
        return [.. (await WithoutManifestAsync(found, cancellationToken)).Select(orphan => (orphan.Component, orphan.SnapshotId))];
    }

    /// <summary>What the workers of failed backups saved. Backups that made a point did not fail, also where the point was dropped or is lost.</summary>
    private async Task<List<Orphan>> UnlistedAsync(CancellationToken cancellationToken)
    {
        var before = clock.GetUtcNow() - Settled;
        var failed = catalog.Operations.Where(operation => operation.Kind == OperationKind.Backup && operation.CurrentState == nameof(OperationState.Finished)
            && operation.Outcome == Outcome.Failed && operation.FinishedAt < before && !catalog.Points.Any(point => point.Id == operation.PointId));
        var saved = await catalog.Tasks.AsNoTracking()
            .Where(task => task.State == TaskState.Finished)
            .Join(failed, task => task.OperationId, operation => operation.CorrelationId, (task, operation) => new { operation.PointId, operation.StartedAt, task.Component, task.Result })
            .ToListAsync(cancellationToken);
        return [.. saved.Where(task => task.PointId is not null && task.StartedAt is not null && task.Result?.Snapshot is not null)
            .Select(task => new Orphan(task.PointId!.Value, task.StartedAt!.Value, task.Component, task.Result!.Snapshot!.SnapshotId))];
    }

    /// <summary>Snapshots that points list, and those that were forgotten already.</summary>
    private async Task<HashSet<(Component Component, string Id)>> KnownAsync(CancellationToken cancellationToken)
    {
        var listed = await catalog.Snapshots.AsNoTracking().IgnoreQueryFilters().Select(row => new { row.Component, row.SnapshotId }).ToListAsync(cancellationToken);
        var forgotten = await catalog.Tasks.AsNoTracking().Where(task => task.Kind == OperationKind.Retention && task.State == TaskState.Finished)
            .Select(task => new { task.Component, task.Command }).ToListAsync(cancellationToken);
        return [.. listed.Select(row => (row.Component, row.SnapshotId)), .. forgotten.SelectMany(task => task.Command.Forget!.SnapshotIds, (task, id) => (task.Component, id))];
    }

    /// <summary>
    /// The location knows better than the catalog: a manifest that was written though no answer came makes a point at the next start of a coordinator. Where the
    /// location does not say, all stay until a later run.
    /// </summary>
    private async Task<IReadOnlyList<Orphan>> WithoutManifestAsync(IEnumerable<Orphan> found, CancellationToken cancellationToken)
    {
        var orphans = new List<Orphan>();
        foreach (var point in found.GroupBy(orphan => StoredPoint.At(orphan.PointId, orphan.StartedAt).Key))
        {
            try
            {
                if (await location.FindAsync(point.Key, cancellationToken) is null)
                {
                    orphans.AddRange(point);
                }
            }
            catch (StorageException)
            {
                return [];
            }
        }

        return orphans;
    }
}
