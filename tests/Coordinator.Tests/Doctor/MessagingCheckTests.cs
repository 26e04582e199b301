using MassTransit;
using Microsoft.Extensions.Time.Testing;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Doctor;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Doctor;

public sealed class MessagingCheckTests(PostgresFixture postgres)
{
    [Fact(Timeout = 300_000)]
    public async Task A_process_that_has_just_started_has_no_result_before_it_is_connected()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var clock = new FakeTimeProvider();
        var look = new MessagingCheck(harness.Bus, clock).RunAsync(token);
        Assert.False(look.IsCompleted);

        await harness.StartBusAsync(token);
        while (harness.Bus.CheckHealth().Status != BusHealthStatus.Healthy)
        {
            await Task.Delay(10, token);
        }

        Assert.Equal(CheckResults.Pass, (await EndAsync(look, clock, token)).Status);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_broker_that_is_not_reached_is_a_failure_in_the_end_and_from_then_on_at_once()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var clock = new FakeTimeProvider();
        var check = new MessagingCheck(harness.Bus, clock);

        Assert.Equal(CheckResults.Fail, (await EndAsync(check.RunAsync(token), clock, token)).Status);

        Assert.Equal(CheckResults.Fail, (await check.RunAsync(token)).Status);
    }

    private static async Task<CheckResult> EndAsync(Task<CheckResult> look, FakeTimeProvider clock, CancellationToken token)
    {
        while (!look.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10, token);
        }

        return await look;
    }
}
