using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Status;

/// <summary>Operations as the API shows them.</summary>
internal sealed class OperationViews(CatalogContext catalog)
{
    public async Task<OperationView?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        var operation = await catalog.Operations.AsNoTracking().SingleOrDefaultAsync(operation => operation.CorrelationId == id, cancellationToken);
        return operation is null ? null : (await ViewsAsync([operation], cancellationToken))[0];
    }

    public async Task<OperationView> OfAsync(Operation operation, CancellationToken cancellationToken) =>
        (await ViewsAsync([operation], cancellationToken))[0];

    public async Task<IReadOnlyList<OperationView>> ViewsAsync(IReadOnlyList<Operation> operations, CancellationToken cancellationToken)
    {
        var ids = operations.Select(operation => operation.CorrelationId).ToList();
        var rows = await catalog.Tasks.AsNoTracking()
            .Where(task => ids.Contains(task.OperationId))
            .OrderBy(task => task.Stage).ThenBy(task => task.PointName).ThenBy(task => task.Id)
            .ToListAsync(cancellationToken);
        var tasks = rows.ToLookup(task => task.OperationId);
        return [.. operations.Select(operation => View(operation, tasks[operation.CorrelationId]))];
    }

    private static OperationView View(Operation operation, IEnumerable<TaskRow> tasks) => new()
    {
        Id = operation.CorrelationId,
        Kind = operation.Kind,
        State = operation.State,
        Outcome = operation.Outcome,
        PointId = operation.PointId,
        PointName = operation.PointName,
        RequestedBy = operation.RequestedBy,
        AcceptedAt = operation.AcceptedAt,
        FinishedAt = operation.FinishedAt,
        Error = operation.Error,
        TraceId = operation.TraceId,
        DryRun = operation.Request.DryRun,
        Tasks = [.. tasks.Select(View)],
    };

    private static TaskView View(TaskRow task) => new()
    {
        Id = task.Id,
        Component = task.Component,
        Cluster = task.Part.Cluster,
        PointName = task.PointName,
        State = task.State.ToString().ToLowerInvariant(),
        Attempt = task.Attempt,
        Worker = task.Worker,
        Progress = task.Progress,
        Result = task.Result,
        Error = task.Error,
        Damages = task.Damages,
    };
}
