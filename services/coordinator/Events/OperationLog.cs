using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Events;

/// <summary>Adds lines to the log of an operation. They are saved with whatever transaction is under way.</summary>
internal sealed class OperationLog(CatalogContext catalog, TimeProvider clock)
{
    private const int LongestMessage = 4000;

    public void Info(Operation operation, string message) => Add(operation, null, "info", message);

    public void Info(Operation operation, Component component, string message) => Add(operation, component, "info", message);

    public void Warning(Operation operation, string message) => Add(operation, null, "warning", message);

    public void Warning(Operation operation, Component component, string message) => Add(operation, component, "warning", message);

    public void Error(Operation operation, Component component, string message) => Add(operation, component, "error", message);

    /// <summary>The last line. Why a task failed was said when it did.</summary>
    public void Conclusion(Operation operation, IReadOnlyList<TaskRow> tasks)
    {
        var isSaid = tasks.Any(task => task is { State: TaskState.Failed, StartedAt: not null } && task.Error?.Message == operation.Error?.Message);
        var level = operation.Outcome switch
        {
            Outcome.Complete => "info",
            Outcome.Incomplete => "warning",
            _ => "error",
        };
        var outcome = operation.Outcome!.Value.Name();
        Add(operation, null, level, operation.Error is { } error && !isSaid ? $"{outcome}: {error.Message}" : outcome);
    }

    public void Add(TaskRow task, string level, string message) => Add(task.OperationId, task.Kind, task.Component, level, message, clock.GetUtcNow());

    /// <summary>Lines that a worker sent.</summary>
    public void Add(Guid operationId, OperationKind kind, Component component, IEnumerable<TaskEvent> lines)
    {
        foreach (var line in lines)
        {
            Add(operationId, kind, component, line.Level, line.Message, line.At);
        }
    }

    private void Add(Operation operation, Component? component, string level, string message) =>
        Add(operation.CorrelationId, operation.Kind, component, level, message, clock.GetUtcNow());

    private void Add(Guid operationId, OperationKind kind, Component? component, string level, string message, DateTimeOffset at) =>
        catalog.Events.Add(new EventRow
        {
            At = at.ToUniversalTime(),
            Level = level is "warning" or "error" ? level : "info",
            OperationId = operationId,
            Kind = kind,
            Component = component,
            Message = message.Length <= LongestMessage ? message : message[..LongestMessage],
        });
}
