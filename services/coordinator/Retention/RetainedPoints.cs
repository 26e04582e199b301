using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Archives;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Protection;

namespace StellaOps.Backup.Coordinator.Retention;

/// <summary>All points of the location as the policy looks at them. Nothing of an archived point is there, and nothing of it is decided about.</summary>
internal sealed class RetainedPoints(CatalogContext catalog, PointCatalog points)
{
    /// <summary>Newest first. What is being dropped from a point that stays is not among its parts.</summary>
    public async Task<IReadOnlyList<RetainedPoint>> ReadAsync(CancellationToken cancellationToken)
    {
        var used = await UsedAsync(cancellationToken);
        var rows = await points.All.OrderByDescending(point => point.FinishedAt).ThenByDescending(point => point.Id).ToListAsync(cancellationToken);
        return [.. rows.Where(point => !point.IsArchived()).Select(point => new RetainedPoint
        {
            Id = point.Id,
            Name = point.Name,
            TakenAt = point.FinishedAt,
            Deleting = point.Deleting,
            Protections = [.. ProtectedPoint.Reasons(point.Pin, point.Holds), .. used[point.Id].Distinct()],
            Parts = [.. point.Snapshots.Select(snapshot => new RetainedPart(snapshot.Part, PointUse.IsWhole(point, snapshot.Part), PointUse.IsProven(point, snapshot)))],
        })];
    }

    /// <summary>What runs or waits and names a point; a deletion of it is no reason to keep it, and neither is its copy to the secondary location.</summary>
    private async Task<ILookup<Guid, string>> UsedAsync(CancellationToken cancellationToken)
    {
        var rows = await catalog.Tasks.AsNoTracking()
            .Join(catalog.Operations, task => task.OperationId, operation => operation.CorrelationId, (task, operation) => new { task.PointId, operation.CorrelationId, operation.Kind, operation.CurrentState })
            .Where(row => row.PointId != null && row.CurrentState != nameof(OperationState.Finished) && row.Kind != OperationKind.Delete && row.Kind != OperationKind.Replicate)
            .ToListAsync(cancellationToken);
        return rows.ToLookup(row => row.PointId!.Value, row => $"used by operation {row.CorrelationId} ({row.Kind.Name()})");
    }
}
