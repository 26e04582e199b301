using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Backups;

/// <summary>Finds the backup that a retry means: the last one of what is asked for, which has to have failed.</summary>
internal sealed class BackupRetry(CatalogContext catalog, TaskBoard tasks, BackupNames names)
{
    private const int Search = 200;

    /// <summary>The name for the new attempt: that of the failed one, where it left no point under it.</summary>
    /// <param name="asked">Components; empty means a full backup.</param>
    /// <param name="cluster">Of the database only this cluster.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BackupException">There is none, it goes on, or it did not fail.</exception>
    public async Task<string> NameAsync(IReadOnlyList<Component> asked, string? cluster, CancellationToken cancellationToken)
    {
        var what = asked.Count == 0 ? Components.Full : string.Join(", ", asked.Select(component => component.Name()));
        var last = await LastAsync(asked, cancellationToken) ?? throw new BackupException(ErrorCodes.NothingToRetry, $"there was no backup of {what} yet");
        if (last.State != OperationState.Finished)
        {
            throw new BackupException(ErrorCodes.OperationConflict, $"the last backup of {what}, '{last.PointName}', goes on", $"Watch it: stella operation show {last.CorrelationId} --follow");
        }

        var ended = await tasks.OfAsync(last.CorrelationId, cancellationToken);
        var failed = ended.Any(task => task.State == TaskState.Failed && (asked.Count == 0 || asked.Contains(task.Component)) && (cluster is null || task.Part.Cluster is null || task.Part.Cluster == cluster));
        return failed
            ? await names.MakeFreeAsync(last.PointName!, cancellationToken)
            : throw new BackupException(ErrorCodes.NothingToRetry, $"the last backup of {what}, '{last.PointName}', did not fail");
    }

    private async Task<Operation?> LastAsync(IReadOnlyList<Component> asked, CancellationToken cancellationToken)
    {
        var recent = await catalog.Operations.AsNoTracking()
            .Where(operation => operation.Kind == OperationKind.Backup)
            .OrderByDescending(operation => operation.AcceptedAt)
            .Take(Search)
            .ToListAsync(cancellationToken);
        return recent.Find(operation => asked.Count == 0 ? operation.Request.Full : !asked.Except(operation.Components).Any());
    }
}
