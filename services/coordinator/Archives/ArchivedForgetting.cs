using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Retention;

namespace StellaOps.Backup.Coordinator.Archives;

/// <summary>
/// The operation that forgets the snapshots of archived points, at once and for good, and prunes: it wants the components for itself, as the writing of
/// archives, which takes hours, does not. Where it fails, the next run of the retention does the rest.
/// </summary>
internal sealed class ArchivedForgetting(CatalogContext catalog, OperationAcceptance acceptance, ForgetTasks tasks)
{
    /// <summary>The key under which it is accepted, once.</summary>
    public static string Key(Guid archiving) => $"archive:{archiving}";

    /// <summary>Accepts it, where there is something to forget. May be repeated.</summary>
    public async Task AcceptAsync(Operation archiving, CancellationToken cancellationToken)
    {
        if (await SnapshotsAsync(archiving, cancellationToken) is { Count: > 0 })
        {
            await acceptance.AcceptAsync(new Caller { Subject = archiving.RequestedBy, IdempotencyKey = Key(archiving.CorrelationId) }, token => DraftAsync(archiving, token), cancellationToken);
        }
    }

    private async Task<OperationDraft> DraftAsync(Operation archiving, CancellationToken cancellationToken)
    {
        var snapshots = await SnapshotsAsync(archiving, cancellationToken);
        var live = await tasks.LiveAsync(cancellationToken);
        return new OperationDraft
        {
            Kind = OperationKind.Retention,
            Components = [.. snapshots.Select(row => row.Component).Distinct().Order()],
            PointId = archiving.PointId,
            PointName = archiving.PointName,
            Request = new OperationRequest { Reason = $"archived to {archiving.Request.Target} by operation {archiving.CorrelationId}" },
            Tasks = [.. snapshots.GroupBy(row => row.Component).OrderBy(rows => rows.Key).Select(rows =>
                ForgetTasks.Make(live.GetValueOrDefault(rows.Key, rows.Min(row => row.Part)), rows.Select(row => row.SnapshotId), now: true))],
        };
    }

    /// <summary>Of the points that this operation archived, as far as they are not forgotten yet.</summary>
    private async Task<IReadOnlyList<SnapshotRow>> SnapshotsAsync(Operation archiving, CancellationToken cancellationToken)
    {
        var points = await catalog.Tasks.AsNoTracking().Where(task => task.OperationId == archiving.CorrelationId && task.PointId != null).Select(task => task.PointId!.Value).Distinct().ToListAsync(cancellationToken);

        // A point that was refused stays: what it is losing otherwise has its grace.
        var archived = (await catalog.Points.AsNoTracking().Where(point => points.Contains(point.Id)).ToListAsync(cancellationToken)).Where(point => point.IsArchived()).Select(point => point.Id).ToList();
        return await catalog.Snapshots.AsNoTracking().IgnoreQueryFilters().Where(row => row.Dropping && archived.Contains(row.PointId)).ToListAsync(cancellationToken);
    }
}
