using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Evidence;

/// <summary>Rebuild-index: one task; artifacts that it did not index as they are now leave it incomplete.</summary>
internal sealed class RebuildIndexPlan : OperationPlan
{
    public override OperationKind Kind => OperationKind.RebuildIndex;

    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks)
    {
        var conclusion = Conclusion.Of(tasks);
        return conclusion.Outcome == Outcome.Incomplete
            ? conclusion with
            {
                Error = Conclusion.Missing(
                    $"artifacts that were not indexed as they are now: {tasks[0].Result!.MissingCount}", "Look at them: move what was altered away and keep it, bring it back ('stella backup restore --type evidence'), and rebuild again."),
            }
            : conclusion;
    }
}
