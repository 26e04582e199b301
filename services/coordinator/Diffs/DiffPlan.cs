using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Diffs;

/// <summary>Diff: the task tells what differs.</summary>
internal sealed class DiffPlan : OperationPlan
{
    public override OperationKind Kind => OperationKind.Diff;

    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks) => Conclusion.Of(tasks);
}
