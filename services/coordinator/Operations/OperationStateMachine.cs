using MassTransit;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Coordinator.Operations;

/// <summary>
/// The life of an operation. Read it as a table: in this state, when that happens, do this, go there. The instance is
/// written by <see cref="OperationAcceptance"/>; every step is one transaction with the messages that it sends.
/// </summary>
internal sealed class OperationStateMachine : MassTransitStateMachine<Operation>
{
    public State Accepted { get; private set; } = null!;
    public State Running { get; private set; } = null!;
    public State Sealing { get; private set; } = null!;
    public State Finished { get; private set; } = null!;

    public Event<ReviewOperation> Review { get; private set; } = null!;
    public Event<CancelOperation> Cancel { get; private set; } = null!;
    public Event<TaskFinished> TaskFinished { get; private set; } = null!;
    public Event<TaskFailed> TaskFailed { get; private set; } = null!;
    public Event<OperationSealed> Sealed { get; private set; } = null!;

    public OperationStateMachine()
    {
        InstanceState(operation => operation.CurrentState);
        Event(() => Review, e => { e.CorrelateById(c => c.Message.OperationId); e.OnMissingInstance(m => m.Discard()); });
        Event(() => Cancel, e => { e.CorrelateById(c => c.Message.OperationId); e.OnMissingInstance(m => m.Discard()); });
        Event(() => TaskFinished, e => { e.CorrelateById(c => c.Message.OperationId); e.OnMissingInstance(m => m.Discard()); });
        Event(() => TaskFailed, e => { e.CorrelateById(c => c.Message.OperationId); e.OnMissingInstance(m => m.Discard()); });
        Event(() => Sealed, e => { e.CorrelateById(c => c.Message.OperationId); e.OnMissingInstance(m => m.Discard()); });

        During(Accepted,
            When(Cancel)
                .RefuseTasks().Conclude().TransitionTo(Finished),
            When(Review)
                .IfElseAsync(OperationSteps.IsOverdue,
                    overdue => overdue.RefuseTasks().Conclude().TransitionTo(Finished),
                    waits => waits.IfAsync(OperationSteps.HasItsTurn,
                        starts => starts.Start().TransitionTo(Running).GoOn(this))),
            Ignore(TaskFinished), Ignore(TaskFailed), Ignore(Sealed));

        During(Running,
            When(TaskFinished)
                .RecordResult().GoOn(this),
            When(TaskFailed)
                .RecordFailure().GoOn(this),
            When(Cancel)
                .StopTasks().GoOn(this),
            When(Review)
                .GoOn(this),
            Ignore(Sealed));

        During(Sealing,
            When(Sealed)
                .Conclude().TransitionTo(Finished),
            When(Review)
                .IfElseAsync(OperationSteps.IsOverdue,
                    overdue => overdue.Conclude().TransitionTo(Finished),
                    waits => waits.AskForSeal()),
            When(Cancel)
                .StopTasks().AskForSeal(),
            Ignore(TaskFinished), Ignore(TaskFailed));

        During(Finished,
            Ignore(Review), Ignore(Cancel), Ignore(TaskFinished), Ignore(TaskFailed), Ignore(Sealed));
    }
}

internal static class OperationFlow
{
    /// <summary>When the stage at work has ended: the next stage, or the seal, or the end.</summary>
    public static EventActivityBinder<Operation, T> GoOn<T>(this EventActivityBinder<Operation, T> binder, OperationStateMachine machine)
        where T : class =>
        binder.IfAsync(OperationSteps.StageHasEnded, ended => ended
            .IfElseAsync(OperationSteps.BeginNextStage,
                next => next,
                last => last.IfElseAsync(OperationSteps.NeedsSealing,
                    seal => seal.AskForSeal().TransitionTo(machine.Sealing),
                    done => done.Conclude().TransitionTo(machine.Finished))));
}
