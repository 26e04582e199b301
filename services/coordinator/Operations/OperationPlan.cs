using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Operations;

/// <summary>What one kind of operation does differently from the others. Everything else is <see cref="OperationStateMachine"/>.</summary>
internal abstract class OperationPlan
{
    public abstract OperationKind Kind { get; }

    /// <summary>When its turn has come.</summary>
    public virtual Task BeginAsync(Operation operation, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Whether the stages after a failed task make sense.</summary>
    public virtual bool GoesOnAfter(TaskRow failed, IReadOnlyList<TaskRow> tasks) => true;

    /// <summary>The command of a task whose stage begins, in the light of how earlier stages ended.</summary>
    public virtual Task<RunTask> PrepareAsync(TaskRow task, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken) => Task.FromResult(task.Command);

    /// <summary>Records what a task that ended tells about a point. Runs in the transaction of its result.</summary>
    public virtual Task RecordAsync(TaskRow task, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Whether something remains to be done in the location when all tasks have ended.</summary>
    public virtual bool NeedsSealing(Operation operation, IReadOnlyList<TaskRow> tasks) => false;

    /// <summary>Does it. May run again after a crash at any point, and must then end the same way.</summary>
    /// <returns>What was found wrong; null when nothing was.</returns>
    public virtual Task<ErrorInfo?> SealAsync(Operation operation, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken) =>
        Task.FromResult<ErrorInfo?>(null);

    /// <summary>When one whose turn had come ends, however that is. Runs in the transaction of the end.</summary>
    public virtual Task EndAsync(IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>How the operation ended.</summary>
    public abstract Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks);

    /// <summary>A user's wish came early enough to stop something.</summary>
    protected static bool WasCancelled(Operation operation, IReadOnlyList<TaskRow> tasks) =>
        operation.CancelRequested && tasks.Any(task => task.Error?.Code == ErrorCodes.Cancelled.Code);
}

/// <summary>The end of an operation.</summary>
internal sealed record Conclusion(Outcome Outcome, ErrorInfo? Error)
{
    public static Conclusion Complete { get; } = new(Outcome.Complete, null);

    public static Conclusion Failed(ErrorInfo error) => new(Outcome.Failed, error);

    /// <summary>Failed with the first failure, or incomplete when a task is, or complete.</summary>
    public static Conclusion Of(IReadOnlyList<TaskRow> tasks)
    {
        if (tasks.FirstOrDefault(task => task.State == TaskState.Failed) is { } failed)
        {
            return Failed(failed.Error!);
        }

        var incomplete = tasks.Where(task => task.Result?.Outcome == Outcome.Incomplete).ToList();
        return incomplete.Count == 0
            ? Complete
            : new Conclusion(Outcome.Incomplete, Missing(string.Join(", ", incomplete.Select(task => $"{task.Part.Title} lacks {task.Result!.MissingCount} item(s)"))));
    }

    public static ErrorInfo Missing(string what, string? hint = null) => new BackupException(ErrorCodes.Incomplete, what, hint).ToInfo();
}
