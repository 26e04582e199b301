using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Restores;

/// <summary>
/// Restore: the database first, alone: it is what most often cannot be done, and where it fails nothing else has been
/// replaced. The other components do not touch each other and come back at the same time.
/// </summary>
internal sealed class RestorePlan : OperationPlan
{
    public override OperationKind Kind => OperationKind.Restore;

    public override bool GoesOnAfter(TaskRow failed, IReadOnlyList<TaskRow> tasks) => false;

    public static int StageOf(Component component) => component == Component.Database ? 1 : 2;

    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks)
    {
        var conclusion = Conclusion.Of(tasks);
        return conclusion.Outcome == Outcome.Incomplete ? conclusion with { Error = LeftAlone(tasks) } : conclusion;
    }

    private static ErrorInfo LeftAlone(IReadOnlyList<TaskRow> tasks) => Conclusion.Missing(
        string.Join(", ", tasks.Where(task => task.Result?.Outcome == Outcome.Incomplete)
            .Select(task => $"items of {task.Part.Title} that differ and are left as they are: {task.Result!.MissingCount}")),
        "Look at what is there; move it away and restore again, or restore beside it with --target DIR.");
}
