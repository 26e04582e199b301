using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace StellaOps.Backup.Workers.Coordination;

/// <summary>
/// Whether this process was ever connected to its queue: from then on the queue exists and keeps tasks for it. Before, a task
/// that is sent would be lost, so the process is not ready and announces no components.
/// </summary>
internal sealed class QueueMembership(WorkerComponents components) : IReceiveEndpointObserver, IHealthCheck
{
    private volatile bool _joined;

    public bool Joined => _joined;

    public Task Ready(ReceiveEndpointReady ready)
    {
        _joined |= ready.InputAddress.Segments[^1] == components.Queue;
        return Task.CompletedTask;
    }

    public Task Stopping(ReceiveEndpointStopping stopping) => Task.CompletedTask;

    public Task Completed(ReceiveEndpointCompleted completed) => Task.CompletedTask;

    public Task Faulted(ReceiveEndpointFaulted faulted) => Task.CompletedTask;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(_joined ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy($"not yet connected to the queue {components.Queue}"));
}
