using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Events;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Events;

public sealed class OperationLogTests(PostgresFixture postgres)
{
    [Theory(Timeout = 300_000)]
    [InlineData(true, "failed")]
    [InlineData(false, "failed: the source is away")] // Ended before a worker had it: no line before tells why.
    public async Task The_last_line_repeats_no_failure_that_a_line_before_it_tells(bool wasStarted, string expected)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var error = new ErrorInfo { Code = ErrorCodes.SourceUnreachable.Code, Message = "the source is away", Hint = "Start it." };
        var operation = await harness.OperationAsync((await harness.QueueTaskAsync(token)).OperationId, token);
        (operation.Outcome, operation.Error) = (Outcome.Failed, error);
        var task = new TaskRow { State = TaskState.Failed, StartedAt = wasStarted ? harness.Clock.GetUtcNow() : null, Error = error };

        var line = await harness.InAsync(async (IServiceProvider scope) =>
        {
            scope.GetRequiredService<OperationLog>().Conclusion(operation, [task]);
            var catalog = scope.GetRequiredService<CatalogContext>();
            await catalog.SaveChangesAsync(token);
            return await catalog.Events.AsNoTracking().OrderByDescending(row => row.Sequence).FirstAsync(token);
        });

        Assert.Equal(("error", expected), (line.Level, line.Message));
    }
}
