using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Points;

/// <summary>Keeps a point and its deletion apart. Asked under the acceptance lock, so that nothing comes between.</summary>
internal sealed class PointUse(CatalogContext catalog)
{
    /// <exception cref="BackupException">A deletion of the point was accepted.</exception>
    public async Task RequireNotDeletingAsync(PointRow point, CancellationToken cancellationToken)
    {
        var deletion = await catalog.Operations.AsNoTracking().FirstOrDefaultAsync(
            operation => operation.Kind == OperationKind.Delete && operation.PointId == point.Id && operation.CurrentState != nameof(OperationState.Finished),
            cancellationToken);
        if (deletion is not null)
        {
            throw new BackupException(ErrorCodes.OperationConflict, $"recovery point '{point.Name}' is being deleted by operation {deletion.CorrelationId}");
        }
    }

    /// <exception cref="BackupException">An operation that has not ended uses the point.</exception>
    public async Task RequireUnusedAsync(PointRow point, CancellationToken cancellationToken)
    {
        var user = await catalog.Operations.AsNoTracking().FirstOrDefaultAsync(
            operation => operation.CurrentState != nameof(OperationState.Finished)
                && catalog.Tasks.Any(task => task.OperationId == operation.CorrelationId && task.PointId == point.Id),
            cancellationToken);
        if (user is not null)
        {
            throw new BackupException(
                ErrorCodes.OperationConflict,
                $"recovery point '{point.Name}' is used by operation {user.CorrelationId} ({user.Kind.Name()})",
                "Wait for that operation to end, or cancel it.");
        }
    }
}
