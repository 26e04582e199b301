using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Restores;

/// <summary>
/// Restores in place that wait or run. They were accepted while what writes their components stood still, and it has to stay so; but for evidence, which is only ever
/// added to.
/// </summary>
internal sealed class RestoresUnderWay(CatalogContext catalog)
{
    /// <param name="written">Components that somebody is about to write.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BackupException"><c>operation.conflict</c>: one of them is being restored.</exception>
    public async Task RequireNoneOfAsync(IReadOnlyList<Component> written, CancellationToken cancellationToken)
    {
        var replaced = written.Where(component => component != Component.Evidence).ToList();
        var restores = await catalog.Operations.AsNoTracking()
            .Where(operation => operation.Kind == OperationKind.Restore && operation.CurrentState != nameof(OperationState.Finished)).ToListAsync(cancellationToken);
        if (restores.Find(restore => restore.Request is { DryRun: false, Target: null } && restore.Components.Intersect(replaced).Any()) is { } under)
        {
            throw new BackupException(
                ErrorCodes.OperationConflict,
                $"operation {under.CorrelationId} restores {string.Join(", ", under.Components.Intersect(replaced).Select(component => component.Name()))}, which these services write",
                $"Wait for its end, 'stella operation show {under.CorrelationId}', or start services that do not write that.");
        }
    }
}
