using MassTransit;
using Microsoft.Extensions.Logging;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Hosting.Messaging;
using StellaOps.Backup.Workers.Tasks;

namespace StellaOps.Backup.Workers.Coordination;

/// <summary>
/// Takes a command off the queue: claims the task, hands it to the <see cref="TaskRunner"/> and ends, which acknowledges
/// the delivery. From then on the lease, not the broker, says whose the task is.
/// </summary>
internal sealed partial class RunTaskConsumer(
    CoordinatorClient coordinator,
    TaskSlots slots,
    TaskRunner runner,
    WorkerComponents components,
    TimeProvider clock,
    ILogger<RunTaskConsumer> logger) : IConsumer<RunTask>
{
    private static readonly TimeSpan ReturnDelay = TimeSpan.FromMilliseconds(500);

    public async Task Consume(ConsumeContext<RunTask> context)
    {
        var task = context.Message;
        if (runner.IsRunning(task.TaskId))
        {
            // The delivery came again, because the broker was away before it was acknowledged.
            return;
        }

        if (slots.AreFull || !components.Does(task))
        {
            await ReturnAsync(context).ConfigureAwait(false);
            return;
        }

        try
        {
            await ClaimAndStartAsync(task, context.CancellationToken).ConfigureAwait(false);
        }
        catch (RequestException e)
        {
            LogUnclaimed(logger, task.TaskId, e.Message);
            await ReturnAsync(context).ConfigureAwait(false);
        }
    }

    private async Task ClaimAndStartAsync(RunTask task, CancellationToken cancellationToken)
    {
        var askedAt = clock.GetTimestamp();
        var grant = await coordinator.ClaimAsync(task.TaskId, cancellationToken).ConfigureAwait(false);
        if (grant is not null)
        {
            // If the process dies from here on, the delivery comes back to another worker, whose claim is refused until
            // the lease ran out; then the coordinator dispatches the task again.
            runner.Start(task, new TaskLease(grant, clock, askedAt));
        }
    }

    /// <summary>
    /// Back to the end of the queue, for another process. Rare: no slot was left when the delivery came, the component is
    /// not done here, or the coordinator did not answer. The delay lets this process leave the queue first.
    /// </summary>
    private async Task ReturnAsync(ConsumeContext<RunTask> context)
    {
        await Task.Delay(ReturnDelay, clock, CancellationToken.None).ConfigureAwait(false);
        await context.Forward(context.Message.Address()).ConfigureAwait(false);
    }

    [LoggerMessage(1, LogLevel.Warning, "task {Task} could not be claimed and goes back to the queue: {Reason}")]
    private static partial void LogUnclaimed(ILogger logger, Guid task, string reason);
}
