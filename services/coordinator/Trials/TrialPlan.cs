using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Trials;

/// <summary>Trial: a worker of each component tries what a backup needs; the first step that failed, a check last, fails the operation, with its own error.</summary>
internal sealed class TrialPlan : OperationPlan
{
    public override OperationKind Kind => OperationKind.Trial;

    public override bool GoesOnAfter(TaskRow failed, IReadOnlyList<TaskRow> tasks) => true;

    /// <summary>A check that failed may only show what another step names: a location that is away, say, stops the archiving of WAL.</summary>
    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks) =>
        tasks.SelectMany(task => task.Result?.Trial?.Steps ?? [], (task, step) => (Task: task, Step: step)).Where(one => one.Step.Error is not null)
            .OrderBy(one => one.Step.Error!.Code == ErrorCodes.ChecksFailed.Code).FirstOrDefault() is { Task: { } task, Step: { Error: { } error } step }
            ? Conclusion.Failed(error with { Message = $"{task.Part.Title}, {step.Step}: {error.Message}" })
            : Conclusion.Of(tasks);
}
