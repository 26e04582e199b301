using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Wal;
using StellaOps.Backup.Points.Storing;

namespace StellaOps.Backup.Coordinator.Deletion;

/// <summary>
/// Delete: the workers forget the snapshots, then the manifest goes, then the row, then WAL that was kept for this point. From the first on the point is marked, so that
/// nothing is restored from a half; a deletion that failed is finished by another one.
/// </summary>
internal sealed class DeletePlan(CatalogContext catalog, PointStore store, WalRetention wal) : OperationPlan
{
    public override OperationKind Kind => OperationKind.Delete;

    public override Task BeginAsync(Operation operation, CancellationToken cancellationToken) =>
        catalog.Points.Where(point => point.Id == operation.PointId)
            .ExecuteUpdateAsync(set => set.SetProperty(point => point.Deleting, true), cancellationToken);

    public override bool NeedsSealing(Operation operation, IReadOnlyList<TaskRow> tasks) => tasks.All(task => task.State == TaskState.Finished);

    public override async Task<ErrorInfo?> SealAsync(Operation operation, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken)
    {
        var point = await catalog.Points.AsNoTracking().SingleOrDefaultAsync(point => point.Id == operation.PointId, cancellationToken);
        if (point is not null)
        {
            await store.DeleteAsync(StoredPoint.At(point.Id, point.StartedAt), cancellationToken);

            // Durable: the point does not exist any more. A crash here leaves a row, which the next run of this deletes.
            await catalog.Points.Where(row => row.Id == point.Id).ExecuteDeleteAsync(cancellationToken);
        }

        await wal.ApplyAsync(cancellationToken);

        return null;
    }

    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks) => Conclusion.Of(tasks);
}
