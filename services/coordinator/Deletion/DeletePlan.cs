using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Events;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Deletion;

/// <summary>
/// Delete: one point, as a whole. A deletion that failed after a worker began leaves it marked and is finished by another one. Of an archived point the list is rid, and the archive stays.
/// </summary>
internal sealed class DeletePlan(PointCatalog points, DeletionGuard guard, PointDropping dropping, UntouchedSnapshots untouched, TaskBoard board, CatalogContext catalog, OperationLog log) : OperationPlan
{
    public override OperationKind Kind => OperationKind.Delete;

    public override async Task BeginAsync(Operation operation, CancellationToken cancellationToken)
    {
        if (await RefusalAsync(operation, cancellationToken) is { } refusal)
        {
            await board.RefuseAsync(operation.CorrelationId, refusal, cancellationToken);
            return;
        }

        await dropping.BeginAsync(await board.OfAsync(operation.CorrelationId, cancellationToken), cancellationToken);
    }

    public override bool NeedsSealing(Operation operation, IReadOnlyList<TaskRow> tasks) => tasks.All(task => task.State == TaskState.Finished);

    public override async Task<ErrorInfo?> SealAsync(Operation operation, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken)
    {
        // Without a task there was none to refuse when its turn came.
        if (tasks.Count == 0 && await RefusalAsync(operation, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        await dropping.SealAsync(tasks, cancellationToken);
        if (await dropping.UnlistAsync(operation.PointId!.Value, cancellationToken) is { } archive)
        {
            log.Info(operation, $"'{operation.PointName}' is not listed any more; its archive stays where it is: {archive}");
            await catalog.SaveChangesAsync(cancellationToken);
        }

        return null;
    }

    public override Task EndAsync(IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken) => untouched.UnmarkAsync(tasks, cancellationToken);

    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks) => Conclusion.Of(tasks);

    /// <summary>It may have waited behind a verification that found a later point damaged: what was free to go then may be the last that is good now.</summary>
    private async Task<ErrorInfo?> RefusalAsync(Operation operation, CancellationToken cancellationToken)
    {
        try
        {
            await guard.RequireFreeAsync(await points.FindAsync($"{operation.PointId}", cancellationToken, deletingToo: true), cancellationToken);
            return null;
        }
        catch (BackupException gone) when (gone.Error == ErrorCodes.PointNotFound)
        {
            return null; // An earlier deletion has finished it.
        }
        catch (BackupException refusal)
        {
            return refusal.ToInfo();
        }
    }
}
