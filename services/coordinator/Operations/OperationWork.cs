using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Events;
using StellaOps.Backup.Coordinator.Messaging;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Hosting.Messaging;

namespace StellaOps.Backup.Coordinator.Operations;

/// <summary>
/// What the steps of the state machine do. All of it happens in the transaction of the message; what is sent through
/// <see cref="ISendEndpointProvider"/> becomes outbox rows of the same transaction.
/// </summary>
internal sealed class OperationWork(
    CatalogContext catalog,
    TaskBoard tasks,
    OperationPlans plans,
    OperationQueue queue,
    OperationLog log,
    IOptions<CoordinatorSettings> settings,
    TimeProvider clock)
{
    public bool IsOverdue(Operation operation) => operation.DeadlineAt <= clock.GetUtcNow();

    public Task<bool> HasItsTurnAsync(Operation operation, CancellationToken cancellationToken) => queue.HasItsTurnAsync(operation, cancellationToken);

    public Task StartAsync(Operation operation, CancellationToken cancellationToken)
    {
        operation.StartedAt = clock.GetUtcNow();
        log.Info(operation, "started");
        return plans.For(operation.Kind).BeginAsync(operation, cancellationToken);
    }

    public async Task<bool> StageHasEndedAsync(Operation operation, CancellationToken cancellationToken) =>
        !await catalog.Tasks.AnyAsync(
            task => task.OperationId == operation.CorrelationId && task.Stage <= operation.Stage && task.State != TaskState.Finished && task.State != TaskState.Failed,
            cancellationToken);

    /// <returns>False when there is no further stage, or none that makes sense.</returns>
    public async Task<bool> BeginNextStageAsync(Operation operation, ISendEndpointProvider bus, CancellationToken cancellationToken)
    {
        var all = await tasks.OfAsync(operation.CorrelationId, cancellationToken);
        var plan = plans.For(operation.Kind);
        if (!operation.CancelRequested && all.FirstOrDefault(task => task.State == TaskState.Failed && !plan.GoesOnAfter(task, all)) is { } failed)
        {
            await RefuseTasksAsync(operation, new BackupException(ErrorCodes.Cancelled, $"not started, because {failed.Part.Title} failed").ToInfo(), cancellationToken);
            return false;
        }

        var next = all.Where(task => task.State == TaskState.Waiting).GroupBy(task => task.Stage).MinBy(stage => stage.Key);
        if (next is null)
        {
            return false;
        }

        operation.Stage = next.Key;
        foreach (var task in next)
        {
            var command = await plan.PrepareAsync(task, all, cancellationToken);
            await tasks.QueueAsync(task.Id, command, cancellationToken);
            await bus.SendToAsync(command.Address(), command, cancellationToken);
        }

        return true;
    }

    public async Task RecordResultAsync(Operation operation, TaskFinished message, CancellationToken cancellationToken)
    {
        if (await tasks.FinishAsync(message, cancellationToken) is not { } task)
        {
            log.Warning(operation, $"a result of {message.Worker} came under an old fence and was refused");
            return;
        }

        log.Info(operation, task.Component, $"{task.Title} finished: {task.Result!.Outcome.Name()}");
        await plans.For(operation.Kind).RecordAsync(task, cancellationToken);
    }

    public async Task RecordFailureAsync(Operation operation, TaskFailed message, CancellationToken cancellationToken)
    {
        switch (await tasks.FailAsync(message, cancellationToken))
        {
            case null:
                log.Warning(operation, $"a failure of {message.Worker} came under an old fence and was refused");
                break;
            case { State: TaskState.Queued } task:
                log.Warning(operation, task.Component, $"{task.Title} failed and is tried again {When(message.Error, task.Attempt)} (attempt {task.Attempt}): {message.Error.Message}");
                break;
            case var task:
                log.Error(operation, task.Component, $"{task.Title} failed: {message.Error.Message}");
                await plans.For(operation.Kind).RecordAsync(task, cancellationToken);
                break;
        }
    }

    public Task RefuseTasksAsync(Operation operation, ErrorInfo reason, CancellationToken cancellationToken)
    {
        operation.CancelRequested |= reason.Code == ErrorCodes.Cancelled.Code && operation.CurrentState == nameof(OperationState.Accepted);
        return tasks.RefuseAsync(operation.CorrelationId, reason, cancellationToken);
    }

    public async Task StopTasksAsync(Operation operation, ErrorInfo reason, CancellationToken cancellationToken)
    {
        if (!operation.CancelRequested)
        {
            operation.CancelRequested = true;
            log.Warning(operation, reason.Message);
        }

        await tasks.LockAsync(operation.CorrelationId, cancellationToken);
        await tasks.RefuseAsync(operation.CorrelationId, reason, cancellationToken);
        await tasks.AskToStopAsync(operation.CorrelationId, cancellationToken);
    }

    public async Task<bool> NeedsSealingAsync(Operation operation, CancellationToken cancellationToken) =>
        plans.For(operation.Kind).NeedsSealing(operation, await tasks.OfAsync(operation.CorrelationId, cancellationToken));

    public Task AskForSealAsync(Operation operation, ISendEndpointProvider bus, CancellationToken cancellationToken)
    {
        if (operation.SealedAt is null)
        {
            operation.SealedAt = clock.GetUtcNow();
            operation.DeadlineAt = operation.SealedAt.Value + settings.Value.TaskDeadline;
        }

        return bus.SendToAsync(Queues.Address(CoordinatorQueues.Sealing), new SealOperation { OperationId = operation.CorrelationId }, cancellationToken);
    }

    public async Task ConcludeAsync<TBus>(Operation operation, ErrorInfo? problem, TBus bus, CancellationToken cancellationToken)
        where TBus : ISendEndpointProvider, IPublishEndpoint
    {
        var all = await tasks.OfAsync(operation.CorrelationId, cancellationToken);
        var plan = plans.For(operation.Kind);
        var conclusion = plan.Conclude(operation, all);
        if (problem is not null && conclusion.Outcome != Outcome.Failed)
        {
            conclusion = Conclusion.Failed(problem);
        }

        if (operation.StartedAt is not null)
        {
            await plan.EndAsync(all, cancellationToken);
        }

        operation.Outcome = conclusion.Outcome;
        operation.Error = conclusion.Error;
        operation.FinishedAt = clock.GetUtcNow();
        log.Conclusion(operation, all);
        if (operation.Kind == OperationKind.Backup)
        {
            await bus.Publish(Finished(operation), cancellationToken);
        }

        await queue.CallNextAsync(operation, bus, cancellationToken);
    }

    private static string When(ErrorInfo error, int attempt) =>
        Retries.Delay(error, attempt - 1) is { Ticks: > 0 } delay ? $"in {delay.TotalSeconds:0} s" : "at once";

    private static BackupFinished Finished(Operation operation) => new()
    {
        OperationId = operation.CorrelationId,
        RequestId = operation.RequestId,
        Name = operation.PointName!,
        Outcome = operation.Outcome!.Value,
        PointId = operation.Outcome == Outcome.Failed ? null : operation.PointId,
        Error = operation.Error,
        FinishedAt = operation.FinishedAt!.Value,
    };
}
