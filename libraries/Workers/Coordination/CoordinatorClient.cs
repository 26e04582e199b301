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
        var answer = await client.GetResponse<ClaimGranted, ClaimRefused>(claim, cancellationToken).ConfigureAwait(false);
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
        var answer = await client.GetResponse<HeartbeatAnswer>(heartbeat, cancellationToken).ConfigureAwait(false);
        return answer.Message;
    }

    /// <summary>Sends the end of a task. When it returns, the broker has the message durably.</summary>
    public async Task ReportAsync<T>(T report, CancellationToken cancellationToken)
        where T : class
    {
        var endpoint = await bus.GetSendEndpoint(Queues.Address(Queues.Coordinator)).ConfigureAwait(false);
        await endpoint.Send(report, cancellationToken).ConfigureAwait(false);
    }

    [LoggerMessage(1, LogLevel.Information, "task {Task} is not to be had: {Reason}")]
    private static partial void LogRefused(ILogger logger, Guid task, string reason);
}
