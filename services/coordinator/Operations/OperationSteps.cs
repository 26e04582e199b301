using MassTransit;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Coordinator.Operations;

/// <summary>The words of the table in <see cref="OperationStateMachine"/>; <see cref="OperationWork"/> does what they say.</summary>
internal static class OperationSteps
{
    public static Task<bool> IsOverdue<T>(BehaviorContext<Operation, T> context)
        where T : class =>
        Task.FromResult(context.Work().IsOverdue(context.Saga));

    public static Task<bool> HasItsTurn<T>(BehaviorContext<Operation, T> context)
        where T : class =>
        context.Work().HasItsTurnAsync(context.Saga, context.CancellationToken);

    public static Task<bool> StageHasEnded<T>(BehaviorContext<Operation, T> context)
        where T : class =>
        context.Work().StageHasEndedAsync(context.Saga, context.CancellationToken);

    public static Task<bool> BeginNextStage<T>(BehaviorContext<Operation, T> context)
        where T : class =>
        context.Work().BeginNextStageAsync(context.Saga, context, context.CancellationToken);

    public static Task<bool> NeedsSealing<T>(BehaviorContext<Operation, T> context)
        where T : class =>
        context.Work().NeedsSealingAsync(context.Saga, context.CancellationToken);

    extension<T>(EventActivityBinder<Operation, T> binder)
        where T : class
    {
        public EventActivityBinder<Operation, T> Start() => binder.ThenAsync(c => c.Work().StartAsync(c.Saga, c.CancellationToken));

        public EventActivityBinder<Operation, T> AskForSeal() => binder.ThenAsync(c => c.Work().AskForSealAsync(c.Saga, c, c.CancellationToken));

        /// <summary>Ends the tasks that no worker has yet: the operation is cancelled, or waited too long.</summary>
        public EventActivityBinder<Operation, T> RefuseTasks() => binder.ThenAsync(c => c.Work().RefuseTasksAsync(c.Saga, Reason(c.Message), c.CancellationToken));

        public EventActivityBinder<Operation, T> Conclude() => binder.ThenAsync(c => c.Work().ConcludeAsync(c.Saga, Problem(c), c, c.CancellationToken));
    }

    public static EventActivityBinder<Operation, CancelOperation> StopTasks(this EventActivityBinder<Operation, CancelOperation> binder) =>
        binder.ThenAsync(c => c.Work().StopTasksAsync(c.Saga, Reason(c.Message), c.CancellationToken));

    public static EventActivityBinder<Operation, TaskFinished> RecordResult(this EventActivityBinder<Operation, TaskFinished> binder) =>
        binder.ThenAsync(c => c.Work().RecordResultAsync(c.Saga, c.Message, c.CancellationToken));

    public static EventActivityBinder<Operation, TaskFailed> RecordFailure(this EventActivityBinder<Operation, TaskFailed> binder) =>
        binder.ThenAsync(c => c.Work().RecordFailureAsync(c.Saga, c.Message, c.CancellationToken));

    private static ErrorInfo Reason(object message) => message is CancelOperation cancel
        ? new BackupException(ErrorCodes.Cancelled, $"the operation was cancelled by {cancel.RequestedBy}").ToInfo()
        : new BackupException(ErrorCodes.DeadlinePassed, "the operation waited too long for its turn").ToInfo();

    /// <summary>What the end of the sealing adds to the operation's outcome, or an end before it began: there may be no task that says it.</summary>
    private static ErrorInfo? Problem<T>(BehaviorContext<Operation, T> context)
        where T : class => context.Message switch
        {
            OperationSealed message => message.Error,
            CancelOperation or ReviewOperation when context.Saga.StartedAt is null => Reason(context.Message),
            ReviewOperation when context.Saga.SealedAt is not null =>
                new BackupException(ErrorCodes.DeadlinePassed, "the location could not be written until the deadline; the log of the operation names the cause").ToInfo(),
            _ => null,
        };

    private static OperationWork Work<T>(this BehaviorContext<Operation, T> context)
        where T : class =>
        context.GetPayload<IServiceProvider>().GetRequiredService<OperationWork>();
}
