using MassTransit;
using Microsoft.Extensions.Logging;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Hosting.Identity;
using StellaOps.Backup.Hosting.Messaging;

namespace StellaOps.Backup.Workers.Coordination;

/// <summary>What a worker says to the coordinator.</summary>
internal sealed partial class CoordinatorClient(IBus bus, ServiceIdentity identity, ILogger<CoordinatorClient> logger)
{
    private static readonly Uri Claims = Queues.Address(Queues.Claims);
    private static readonly TimeSpan ClaimLimit = TimeSpan.FromSeconds(10);

    /// <summary>Asks for a task; null when it is not to be had.</summary>
    /// <exception cref="RequestException">The coordinator did not answer.</exception>
    public async Task<ClaimGranted?> ClaimAsync(Guid taskId, CancellationToken cancellationToken)
    {
        var client = bus.CreateRequestClient<ClaimTask>(Claims, ClaimLimit);
        var claim = new ClaimTask { TaskId = taskId, Worker = identity.Worker };
        using var time = Limit(ClaimLimit, cancellationToken);
        var answer = await client.GetResponse<ClaimGranted, ClaimRefused>(claim, time.Token).WaitAsync(time.Token).ConfigureAwait(false);
        if (answer.Is<ClaimGranted>(out var granted))
        {
            return granted.Message;
        }

        var reason = answer.Is<ClaimRefused>(out var refused) ? refused.Message.Reason : "unknown";
        LogRefused(logger, taskId, reason);
        return null;
    }

    /// <summary>Says that a task is at work.</summary>
    /// <exception cref="RequestException">The coordinator did not answer within <paramref name="limit"/>.</exception>
    public async Task<HeartbeatAnswer> HeartbeatAsync(
        Guid taskId, long fence, TaskProgress progress, IReadOnlyList<TaskEvent> events, TimeSpan limit, CancellationToken cancellationToken)
    {
        var client = bus.CreateRequestClient<TaskHeartbeat>(Claims, limit);
        var heartbeat = new TaskHeartbeat { TaskId = taskId, Fence = fence, Worker = identity.Worker, Progress = progress, Events = events };
        using var time = Limit(limit, cancellationToken);
        var answer = await client.GetResponse<HeartbeatAnswer>(heartbeat, time.Token).WaitAsync(time.Token).ConfigureAwait(false);
        return answer.Message;
    }

    /// <summary>Sends the end of a task. When it returns, the broker has the message durably.</summary>
    public async Task ReportAsync(object report, CancellationToken cancellationToken)
    {
        var endpoint = await bus.GetSendEndpoint(Queues.Address(Queues.Coordinator)).ConfigureAwait(false);
        await endpoint.Send(report, report.GetType(), cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The limit of a request counts from its sending; while the broker is away, that alone may last for ever, whatever the
    /// transport makes of its token. So every call is also left alone by <c>WaitAsync</c>.
    /// </summary>
    private static CancellationTokenSource Limit(TimeSpan limit, CancellationToken cancellationToken)
    {
        var time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        time.CancelAfter(limit + TimeSpan.FromSeconds(1));
        return time;
    }

    [LoggerMessage(1, LogLevel.Information, "task {Task} is not to be had: {Reason}")]
    private static partial void LogRefused(ILogger logger, Guid task, string reason);
}
