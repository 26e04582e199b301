using MassTransit;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Announcements;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary><c>check.messaging</c>: the coordinator's endpoints are connected to the broker.</summary>
internal sealed class MessagingCheck(IBusControl bus, TimeProvider clock) : IServiceCheck
{
    /// <summary>So long a process that has just started may take to connect; within the time that a check has.</summary>
    private static readonly TimeSpan FirstConnection = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly long _startedAt = clock.GetTimestamp();

    public string Id => "check.messaging";

    public string Category => "integration";

    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        var health = bus.CheckHealth();
        while (health.Status != BusHealthStatus.Healthy && clock.GetElapsedTime(_startedAt) < FirstConnection)
        {
            // It connects. What was not found out yet has no result, and no failure that would be told for the next half minute.
            await Task.Delay(Pause, clock, cancellationToken);
            health = bus.CheckHealth();
        }

        return health.Status == BusHealthStatus.Healthy
            ? this.Result(CheckResults.Pass, $"{health.Endpoints.Count} endpoints are connected to the broker")
            : this.Result(CheckResults.Fail, $"the broker: {health.Description}", ["Check that RabbitMQ runs and that Broker:Host, Broker:Port and the password file are right."]);
    }
}
