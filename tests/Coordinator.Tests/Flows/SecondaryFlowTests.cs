using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.RabbitMq;

namespace StellaOps.Backup.Coordinator.Tests.Flows;

/// <summary>A coordinator process that fills a secondary location by itself, with workers that do as they are told.</summary>
public sealed class SecondaryFlowTests(PostgresFixture postgres, RabbitMqFixture rabbit) : IAsyncLifetime
{
    private readonly TemporaryDirectory _home = new("stella-2nd-");
    private CoordinatorStack _stack = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _stack = await CoordinatorStack.StartAsync(
        postgres, rabbit, new Dictionary<string, string?> { ["Secondary:Url"] = _home["secondary"] }, Token);

    public async ValueTask DisposeAsync()
    {
        await _stack.DisposeAsync();
        _home.Dispose();
    }

    [Fact(Timeout = 300_000)]
    public async Task A_backup_is_there_a_moment_later_beside_a_restore_and_status_and_metrics_say_so()
    {
        Assert.Equal((0L, 0.0), (await StatusAsync()) is var none ? (none.PointsBehind, none.LagSeconds) : default);
        var held = new TaskCompletionSource();
        _stack.Workers.Work = async task =>
        {
            if (task.Command.Kind == OperationKind.Replicate)
            {
                await held.Task;
            }

            await task.FinishAsync();
        };
        await BackupAsync("one");
        while ((await RunningAsync()).All(operation => operation.Kind != OperationKind.Replicate))
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        // While it is copied, which may take hours, it can be restored, and even deleted.
        var behind = await StatusAsync();
        Assert.Equal((1L, 500L), (behind.PointsBehind, behind.BytesBehind));
        Assert.True(behind.LagSeconds > 0);
        var restore = await _stack.Api.StartAsync(Routes.Restores, new RestoreRequest { Point = "one", Confirm = true }, Token);
        Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync(restore.Id, Token)).Outcome);
        held.SetResult();
        await FilledAsync();

        var status = await StatusAsync();
        Assert.Equal(("one", 1L, 0.0, null), (status.NewestPoint, status.Points, status.LagSeconds, status.Problem));
        Assert.Single(Directory.GetFiles(Path.Combine(_home["secondary"], "points"), "*.json", SearchOption.AllDirectories));
        Assert.True(File.Exists(Path.Combine(_home["secondary"], "retention.json")));
        var metrics = await _stack.Coordinator.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Token);
        Assert.Contains("stella_backup_secondary_points_behind 0", metrics, StringComparison.Ordinal);
        Assert.Contains("stella_backup_secondary_lag_seconds{component=\"database\"} 0", metrics, StringComparison.Ordinal);
        using var doctor = await _stack.Api.PostAsync(Routes.Doctor, new DoctorRequest { Checks = ["check.storage.secondary"] }, Token);
        Assert.Equal("pass", Assert.Single((await ApiClient.ReadAsync<DoctorReport>(doctor, Token)).Checks).Status);
    }

    [Fact(Timeout = 300_000)]
    public async Task After_an_outage_and_the_death_of_the_coordinator_all_that_was_missed_is_copied()
    {
        // A file in the way of the directory: nothing can be written there.
        await FilledAsync();
        Directory.Delete(_home["secondary"], recursive: true);
        await File.WriteAllTextAsync(_home["secondary"], "in the way", Token);
        await BackupAsync("one");
        await BackupAsync("two");
        while ((await StatusAsync()).Problem is null)
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        Assert.Equal(2, (await StatusAsync()).PointsBehind);
        using var doctor = await _stack.Api.PostAsync(Routes.Doctor, new DoctorRequest { Checks = ["check.storage.secondary"] }, Token);
        Assert.Equal("fail", Assert.Single((await ApiClient.ReadAsync<DoctorReport>(doctor, Token)).Checks).Status);
        await _stack.Coordinator.KillAsync();
        File.Delete(_home["secondary"]);
        await _stack.Coordinator.StartAsync(Token);

        await FilledAsync();
        Assert.Equal(2, Directory.GetFiles(Path.Combine(_home["secondary"], "points"), "*.json", SearchOption.AllDirectories).Length);
        Assert.Null((await StatusAsync()).Problem);
    }

    private async Task FilledAsync()
    {
        while (await StatusAsync() is { PointsBehind: > 0 } or { Problem: not null } || !Directory.Exists(_home["secondary"]))
        {
            await Task.Delay(200, Token);
        }
    }

    private async Task BackupAsync(string name) =>
        Assert.Equal(Outcome.Complete, (await _stack.Api.FinishedAsync((await _stack.Api.BackupAsync(name, Token)).Id, Token)).Outcome);

    private async Task<SecondaryStatus> StatusAsync() => (await _stack.Api.GetAsync<StatusView>(Routes.Status, Token)).Secondary!;

    private async Task<IReadOnlyList<OperationView>> RunningAsync() => (await _stack.Api.GetAsync<StatusView>(Routes.Status, Token)).Running;
}
