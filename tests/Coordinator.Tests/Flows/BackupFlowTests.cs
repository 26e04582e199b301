using StellaOps.Backup.Contracts;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.RabbitMq;

namespace StellaOps.Backup.Coordinator.Tests.Flows;

public sealed class BackupFlowTests(PostgresFixture postgres, RabbitMqFixture rabbit)
{
    [Fact(Timeout = 25_000)]
    public async Task A_full_backup_takes_the_database_first_and_ends_as_a_listed_point()
    {
        var token = TestContext.Current.CancellationToken;
        await using var stack = await CoordinatorStack.StartAsync(postgres, rabbit, null, token);

        var operation = await stack.Api.BackupAsync("nightly", token);
        var finished = await stack.Api.FinishedAsync(operation.Id, token);

        Assert.Null(finished.Error);
        Assert.Equal(Outcome.Complete, finished.Outcome);
        Assert.Equal(Component.Database, stack.Workers.Commands.First().Component);
        var point = await stack.Api.PointAsync("nightly", token);
        Assert.True(point.Full);
        Assert.Equal(Components.All, point.Components.Select(snapshot => snapshot.Component));
    }
}
