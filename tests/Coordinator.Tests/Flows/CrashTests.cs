using System.Net;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.RabbitMq;

namespace StellaOps.Backup.Coordinator.Tests.Flows;

public sealed class CrashTests(PostgresFixture postgres, RabbitMqFixture rabbit)
{
    /// <summary>The state that a crash leaves which hits after the manifest is durable and before its row is.</summary>
    [Fact(Timeout = 600_000)]
    public async Task A_point_whose_manifest_was_written_and_whose_row_was_not_is_listed_after_all()
    {
        var token = TestContext.Current.CancellationToken;
        await using var stack = await CoordinatorStack.StartAsync(postgres, rabbit, null, token);
        var operation = await stack.Api.FinishedAsync((await stack.Api.BackupAsync("sealed", token, "config")).Id, token);
        var before = await stack.Api.PointAsync("sealed", token);

        await stack.ExecuteAsync(
            "DELETE FROM points; UPDATE operations SET current_state = 'Sealing', outcome = NULL, finished_at = NULL, review_at = now()", token);
        var after = await stack.Api.FinishedAsync(operation.Id, token);

        Assert.Equal(Outcome.Complete, after.Outcome);
        var point = await stack.Api.PointAsync("sealed", token);
        Assert.Equal(before.Id, point.Id);
        Assert.Equal(before.Components[0].SnapshotId, point.Components[0].SnapshotId);
        var manifests = 0;
        await foreach (var _ in stack.Location.ListAsync("points/", token))
        {
            manifests++;
        }

        Assert.Equal(1, manifests);
    }

    [Fact(Timeout = 600_000)]
    public async Task The_loss_of_the_catalog_loses_no_point()
    {
        var token = TestContext.Current.CancellationToken;
        await using var stack = await CoordinatorStack.StartAsync(postgres, rabbit, null, token);
        await stack.Api.FinishedAsync((await stack.Api.BackupAsync("survivor", token)).Id, token);
        var before = await stack.Api.PointAsync("survivor", token);
        await stack.Coordinator.KillAsync();
        await stack.ExecuteAsync("DROP SCHEMA public CASCADE; CREATE SCHEMA public", token);
        await stack.Coordinator.StartAsync(token);

        Page<PointView> points;
        do
        {
            await Task.Delay(50, token);
            points = await stack.Api.GetAsync<Page<PointView>>(Routes.Points, token);
        }
        while (points.Items.Count == 0);

        var point = Assert.Single(points.Items);
        Assert.Equal((before.Id, before.Name, before.FinishedAt), (point.Id, point.Name, point.FinishedAt));
        Assert.Equal(before.Components.Select(snapshot => snapshot.SnapshotId), point.Components.Select(snapshot => snapshot.SnapshotId));
    }

    [Fact(Timeout = 600_000)]
    public async Task Two_coordinators_share_the_work_and_one_may_die()
    {
        var token = TestContext.Current.CancellationToken;
        await using var stack = await CoordinatorStack.StartAsync(postgres, rabbit, null, token);
        using var directory = new Testing.Machine.TemporaryDirectory("stella-second-");
        await using var second = new CoordinatorProcess(stack.Settings, directory.Path, "second");
        await second.StartAsync(token);
        var api = new ApiClient(second.Http);
        var accepted = new List<Guid>();
        for (var i = 0; i < 10; i++)
        {
            accepted.Add((await (i % 2 == 0 ? stack.Api : api).BackupAsync($"shared-{i}", token, "evidence")).Id);
        }

        await stack.Coordinator.KillAsync();

        foreach (var id in accepted)
        {
            Assert.Equal(Outcome.Complete, (await api.FinishedAsync(id, token)).Outcome);
        }
    }

    [Theory(Timeout = 600_000)]
    [InlineData("catalog")]
    [InlineData("broker", Explicit = true)]
    public async Task Operations_end_well_though_a_server_is_killed_under_them(string which)
    {
        var token = TestContext.Current.CancellationToken;
        await using var database = which == "catalog" ? await PrivatePostgres.StartAsync(cancellationToken: token) : null;
        await using var broker = which == "broker" ? await PrivateRabbitMq.StartAsync(token) : null;
        await using var stack = await CoordinatorStack.StartAsync(
            database?.ConnectionString ?? await CatalogHarness.NewCatalogAsync(postgres, token), broker is null ? BrokerAddress.Of(rabbit) : BrokerAddress.Of(broker), null, token);
        stack.Workers.Work = async task =>
        {
            await Task.Delay(300, token);
            await task.FinishAsync();
        };
        var accepted = new List<Guid>();
        for (var i = 0; i < 10; i++)
        {
            accepted.Add((await stack.Api.BackupAsync(null, token, "config")).Id);
        }

        await stack.Api.FinishedAsync(accepted[0], token);
        if (database is not null)
        {
            await database.KillAsync(token);
            var away = await stack.Api.RefusedAsync(Routes.Backups, new CreateBackupRequest(), HttpStatusCode.ServiceUnavailable, token);
            Assert.Equal(ErrorCodes.ServerUnreachable.Code, away.Code);
            var metrics = await stack.Coordinator.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), token);
            Assert.Contains("stella_backup_tasks", metrics, StringComparison.Ordinal);
            Assert.Contains("stella_catalog_up 0\n", metrics, StringComparison.Ordinal);
            await database.StartAgainAsync(token);
        }
        else
        {
            await broker!.KillAsync(token);
            await Task.Delay(1000, token);
            await broker.StartAgainAsync(token);
        }

        foreach (var id in accepted)
        {
            var finished = await stack.Api.FinishedAsync(id, token);
            Assert.True(finished.Outcome == Outcome.Complete, finished.Error?.Message);
        }

        Assert.Equal(10, (await stack.Api.GetAsync<Page<PointView>>(Routes.Points, token)).Items.Count);
        Assert.Contains("stella_catalog_up 1\n", await stack.Coordinator.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), token), StringComparison.Ordinal);
    }
}
