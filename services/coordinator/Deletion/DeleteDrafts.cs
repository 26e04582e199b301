using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Retention;

namespace StellaOps.Backup.Coordinator.Deletion;

/// <summary>What a request to delete a point comes to.</summary>
internal sealed class DeleteDrafts(CatalogContext catalog, PointCatalog points, PointUse use, DeletionGuard guard, ForgetTasks tasks, RebuildGate gate, CatalogHistory history)
{
    public async Task<OperationDraft> DraftAsync(string nameOrId, bool confirm, string? reason, CancellationToken cancellationToken)
    {
        var point = await points.FindAsync(nameOrId, cancellationToken, deletingToo: true);
        if (!confirm)
        {
            throw new BackupException(ErrorCodes.ConfirmationMissing, $"deleting recovery point '{point.Name}' needs a confirmation");
        }

        await gate.RequireOpenAsync(history, cancellationToken);
        await use.RequireUnusedAsync(point, cancellationToken);
        await guard.RequireFreeAsync(point, cancellationToken);

        // Also what a run of the retention began to drop and did not end.
        var snapshots = await catalog.Snapshots.AsNoTracking().IgnoreQueryFilters().Where(row => row.PointId == point.Id).ToListAsync(cancellationToken);
        var live = await tasks.LiveAsync(cancellationToken);
        return new OperationDraft
        {
            Kind = OperationKind.Delete,
            Components = [.. snapshots.Select(snapshot => snapshot.Component).Distinct().Order()],
            PointId = point.Id,
            PointName = point.Name,
            Request = new OperationRequest { Reason = reason },
            Tasks = [.. snapshots.GroupBy(snapshot => snapshot.Component).OrderBy(rows => rows.Key).Select(rows =>
                ForgetTasks.Make(live.GetValueOrDefault(rows.Key, rows.Min(row => row.Part)), rows.Select(row => row.SnapshotId)) with { PointId = point.Id, PointName = point.Name })],
        };
    }
}
