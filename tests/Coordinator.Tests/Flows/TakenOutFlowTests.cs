using StellaOps.Backup.Contracts;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.RabbitMq;

namespace StellaOps.Backup.Coordinator.Tests.Flows;

/// <summary>What alerts read, when a component or a cluster was taken out of use.</summary>
public sealed class TakenOutFlowTests(PostgresFixture postgres, RabbitMqFixture rabbit)
{
    [Fact(Timeout = 600_000)]
    public async Task A_component_that_the_setting_leaves_out_has_no_series_though_it_has_points_and_a_worker()
    {
        var token = TestContext.Current.CancellationToken;
        await using var stack = await CoordinatorStack.StartAsync(postgres, rabbit, null, token);
        Assert.Equal(Outcome.Complete, (await stack.Api.FinishedAsync((await stack.Api.BackupAsync("all", token)).Id, token)).Outcome);
        var all = await MetricsAsync(stack.Coordinator, token);
        Assert.Contains("stella_backup_newest_timestamp{component=\"keys\",cluster=\"\"}", all, StringComparison.Ordinal);
        Assert.Contains("stella_backup_workers{component=\"keys\",cluster=\"\"} 1", all, StringComparison.Ordinal);

        using var home = new TemporaryDirectory("stella-taken-out-");
        await using var other = new CoordinatorProcess(new Dictionary<string, string?>(stack.Settings) { ["Coordinator:Components:0"] = "database" }, home.Path, "other");
        await other.StartAsync(token);
        var few = await MetricsAsync(other, token);
        Assert.Contains("stella_backup_newest_timestamp{component=\"database\",cluster=\"main\"}", few, StringComparison.Ordinal);
        Assert.Contains("stella_backup_points{component=\"database\"} 1", few, StringComparison.Ordinal);
        Assert.Contains("stella_backup_workers{component=\"database\",cluster=\"main\"} 1", few, StringComparison.Ordinal);
        Assert.DoesNotContain("stella_backup_newest_timestamp{component=\"keys\"", few, StringComparison.Ordinal);
        Assert.DoesNotContain("stella_backup_points{component=\"keys\"", few, StringComparison.Ordinal);
        Assert.DoesNotContain("stella_backup_workers{component=\"keys\"", few, StringComparison.Ordinal);
    }

    [Fact(Timeout = 600_000)]
    public async Task A_cluster_that_the_setting_leaves_out_has_no_series_though_it_has_a_point_and_a_worker()
    {
        var token = TestContext.Current.CancellationToken;
        await using var stack = await CoordinatorStack.StartAsync(postgres, rabbit, null, token);
        Assert.Equal(Outcome.Complete, (await stack.Api.FinishedAsync((await stack.Api.BackupAsync("all", token)).Id, token)).Outcome);

        using var home = new TemporaryDirectory("stella-taken-out-");
        await using var other = new CoordinatorProcess(new Dictionary<string, string?>(stack.Settings) { ["Coordinator:Clusters:0"] = "orders" }, home.Path, "other");
        await other.StartAsync(token);
        var metrics = "";
        while (!metrics.Contains("stella_recovery_gaps_open{cluster=\"orders\"} 0", StringComparison.Ordinal))
        {
            await Task.Delay(100, token);
            metrics = await MetricsAsync(other, token);
        }

        Assert.DoesNotMatch("stella_recovery_[a-z_]+[{]cluster=\"main\"", metrics);
    }

    private static Task<string> MetricsAsync(CoordinatorProcess coordinator, CancellationToken cancellationToken) =>
        coordinator.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellationToken);
}
