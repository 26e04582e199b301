using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Deletion;

/// <summary>Delete: one point, as a whole. A deletion that failed leaves it marked and is finished by another one.</summary>
internal sealed class DeletePlan(PointDropping dropping, TaskBoard board) : OperationPlan
{
    public override OperationKind Kind => OperationKind.Delete;

    public override async Task BeginAsync(Operation operation, CancellationToken cancellationToken) =>
        await dropping.BeginAsync(await board.OfAsync(operation.CorrelationId, cancellationToken), cancellationToken);

    public override bool NeedsSealing(Operation operation, IReadOnlyList<TaskRow> tasks) => tasks.All(task => task.State == TaskState.Finished);

    public override async Task<ErrorInfo?> SealAsync(Operation operation, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken)
    {
        await dropping.SealAsync(tasks, cancellationToken);
        return null;
    }

    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks) => Conclusion.Of(tasks);
}
