using System.Net.Http.Json;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Coordinator.Schedules;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Hosting;
using StellaOps.Backup.Hosting.Messaging;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.RabbitMq;

namespace StellaOps.Backup.Coordinator.Tests.Flows;

/// <summary>A coordinator process that starts by itself what its schedules say.</summary>
public sealed class ScheduleFlowTests(PostgresFixture postgres, RabbitMqFixture rabbit) : IAsyncLifetime
{
    private CoordinatorStack _stack = null!;

    public async ValueTask InitializeAsync() => _stack = await CoordinatorStack.StartAsync(
        postgres, rabbit, new Dictionary<string, string?> { ["Schedules:Enabled"] = "true" }, TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact(Timeout = 120_000)]
    public async Task A_reported_change_is_a_point_and_schedules_are_set_over_the_api()
    {
        var token = TestContext.Current.CancellationToken;
        while ((await SchedulesAsync(token)).Count < 5)
        {
            await Task.Delay(100, token);
        }

        await SeeAsync("as it is", token);
        ScheduleView config;
        while ((config = (await SchedulesAsync(token)).Single(schedule => schedule.Type == "config")).LastState != OperationState.Finished)
        {
            await Task.Delay(100, token);
        }

        var operation = await _stack.Api.OperationAsync(config.LastOperation!.Value, token);
        Assert.Equal((Outcome.Complete, ScheduleRound.Subject), (operation.Outcome!.Value, operation.RequestedBy));
        Assert.Equal([Component.Config], (await _stack.Api.PointAsync(operation.PointName!, token)).Components.Select(snapshot => snapshot.Component));

        using var set = await _stack.Coordinator.Http.PutAsJsonAsync($"{Routes.Schedules}/keys", new SetScheduleRequest { TimeZone = "Europe/Vienna" }, ServiceJson.Options, token);
        Assert.Equal(("0 6 * * 0", "Europe/Vienna"), ((await ApiClient.ReadAsync<ScheduleView>(set, token)) is var view ? (view.Cron, view.TimeZone) : default));
        using var paused = await _stack.Api.PostAsync($"{Routes.Schedules}/keys/pause", new object(), token);
        Assert.NotNull((await ApiClient.ReadAsync<ScheduleView>(paused, token)).PausedAt);
        var metrics = await _stack.Coordinator.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), token);
        Assert.Contains("stella_schedule_last_run_timestamp{schedule=\"config\"}", metrics, StringComparison.Ordinal);
        Assert.Contains("stella_schedule_next_run_timestamp{schedule=\"database\"}", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("stella_schedule_next_run_timestamp{schedule=\"keys\"}", metrics, StringComparison.Ordinal);
    }

    private async Task<IReadOnlyList<ScheduleView>> SchedulesAsync(CancellationToken cancellationToken) =>
        (await _stack.Api.GetAsync<Page<ScheduleView>>(Routes.Schedules, cancellationToken)).Items;

    private async Task SeeAsync(string fingerprint, CancellationToken cancellationToken)
    {
        var coordinator = await _stack.Workers.Bus.GetSendEndpoint(Queues.Address(Queues.Coordinator));
        await coordinator.Send(
            new SourceSeen { Component = Component.Config, Worker = FakeWorkers.Name, Fingerprint = fingerprint, SeenAt = TimeProvider.System.GetUtcNow() }, cancellationToken);
    }
}
