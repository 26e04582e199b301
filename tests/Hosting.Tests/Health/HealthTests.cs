using System.Net;
using StellaOps.Backup.Hosting.Messaging;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Hosting.Tests.Health;

public sealed class HealthTests
{
    [Fact]
    public async Task A_service_without_its_broker_lives_and_is_not_ready()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["password"], "x", TestContext.Current.CancellationToken);
        await using var host = await TestHost.StartAsync(
            builder => builder.AddStellaBus(_ => { }),
            settings: [("Broker:Host", "127.0.0.1"), ("Broker:Port", "1"), ("Broker:PasswordFile", directory["password"])]);

        using var live = await host.Client.GetAsync("/health/live", TestContext.Current.CancellationToken);
        using var ready = await host.Client.GetAsync("/health/ready", TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable), (live.StatusCode, ready.StatusCode));
        Assert.Contains("masstransit-bus", await ready.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_are_served()
    {
        await using var host = await TestHost.StartAsync();
        var metrics = await host.Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.Contains("process_start_time_seconds", metrics, StringComparison.Ordinal);
    }
}
