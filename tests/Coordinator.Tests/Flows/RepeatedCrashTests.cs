using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.RabbitMq;

namespace StellaOps.Backup.Coordinator.Tests.Flows;

public sealed class RepeatedCrashTests(PostgresFixture postgres, RabbitMqFixture rabbit)
{
    private const int Operations = 15;

    /// <summary>A process that is killed has no say in where: often enough, it is between a commit and its messages.</summary>
    [Fact(Timeout = 600_000)]
    public async Task A_coordinator_that_is_killed_again_and_again_loses_nothing_and_does_nothing_twice()
    {
        var token = TestContext.Current.CancellationToken;
        await using var stack = await CoordinatorStack.StartAsync(postgres, rabbit, null, token);
        var random = new Random(7);
        var accepted = new List<Guid>();
        for (var i = 0; i < Operations; i++)
        {
            accepted.Add((await stack.Api.BackupAsync($"crash-{i}", token, i % 3 == 0 ? [] : ["config"])).Id);
        }

        for (var kill = 0; kill < 3; kill++)
        {
            await Task.Delay(random.Next(50, 1500), token);
            await stack.Coordinator.KillAsync();
            await stack.Coordinator.StartAsync(token);
        }

        foreach (var id in accepted)
        {
            var finished = await stack.Api.FinishedAsync(id, token);
            Assert.True(finished.Outcome == Outcome.Complete, $"{finished.PointName}: {finished.Error?.Message}");
            var point = await stack.Api.PointAsync(finished.PointName!, token);
            Assert.Equal(
                finished.Tasks.Select(task => task.Result!.Snapshot!.SnapshotId).Order(),
                point.Components.Select(snapshot => snapshot.SnapshotId).Order());
        }

        var points = await stack.Api.GetAsync<Page<PointView>>($"{Routes.Points}?page_size=500", token);
        Assert.Equal(Operations, points.Items.Count);
        while (stack.Workers.FinishedBackups.Select(message => message.OperationId).Distinct().Count() < Operations
            || await stack.QueryAsync<long>("SELECT count(*) FROM outbox", token) > 0)
        {
            await Task.Delay(100, token);
        }

        Assert.Equal(Operations, await stack.QueryAsync<long>("SELECT count(*) FROM operations WHERE current_state = 'Finished'", token));
    }
}
