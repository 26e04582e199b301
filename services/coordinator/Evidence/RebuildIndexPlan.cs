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
        if (conclusion.Outcome != Outcome.Incomplete)
        {
            return conclusion;
        }

        // The index before is named as missing where it is kept because the new one does not have all of it.
        var result = tasks[0].Result!;
        return conclusion with
        {
            Error = result.Missing is [{ Path: "index.json" } unread, ..]
                ? Conclusion.Missing($"the index before {unread.Reason}", "Do what it says; delete the kept index only once nobody needs what it records.")
                : Conclusion.Missing(
                    $"artifacts that were not indexed as they are now: {result.MissingCount}", "Look at them: move what was altered away and keep it, bring it back ('stella backup restore --type evidence'), and rebuild again."),
        };
    }
}
