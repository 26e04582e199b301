using MassTransit;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Announcements;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary><c>check.messaging</c>: the coordinator's endpoints are connected to the broker.</summary>
internal sealed class MessagingCheck(IBusControl bus) : IServiceCheck
{
    public string Id => "check.messaging";

    public string Category => "integration";

    public Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        var health = bus.CheckHealth();
        return Task.FromResult(health.Status == BusHealthStatus.Healthy
            ? this.Result(CheckResults.Pass, $"{health.Endpoints.Count} endpoints are connected to the broker")
            : this.Result(CheckResults.Fail, $"the broker: {health.Description}", ["Check that RabbitMQ runs and that Broker:Host, Broker:Port and the password file are right."]));
    }
}
