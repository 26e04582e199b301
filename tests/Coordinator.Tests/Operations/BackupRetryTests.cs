using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Backups;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Coordinator.Verification;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Operations;

/// <summary>What operators write down and try again after something failed.</summary>
public sealed class BackupRetryTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = 60_000)]
    public async Task What_failed_last_is_tried_again_under_its_name()
    {
        await using var harness = await CatalogHarness.StartAsync(postgres, TestContext.Current.CancellationToken);
        await harness.AnnounceAsync(Component.Database, Component.Evidence);
        Assert.Equal(ErrorCodes.NothingToRetry, await RefusalAsync(harness, Component.Evidence));

        var failed = await harness.AcceptBackupAsync("night", Token, null, Component.Evidence);
        Assert.Equal(ErrorCodes.OperationConflict, await RefusalAsync(harness, Component.Evidence));
        await EndAsync(harness, failed, TaskState.Failed);

        Assert.Equal("night", await NameAsync(harness, Component.Evidence));
        Assert.Equal(ErrorCodes.NothingToRetry, await RefusalAsync(harness, Component.Database));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_name_that_has_a_point_gets_a_number_and_a_success_ends_it()
    {
        await using var harness = await CatalogHarness.StartAsync(postgres, TestContext.Current.CancellationToken);
        await harness.AnnounceAsync(Component.Database, Component.Evidence);
        await EndAsync(harness, await harness.AcceptBackupAsync("night", Token), TaskState.Failed);
        await harness.InAsync((PointCatalog points) => points.AddAsync(PointRow.From(Samples.Manifest("night", Component.Evidence)), Token));

        Assert.Equal("night-2", await NameAsync(harness));
        Assert.Equal("night-2", await NameAsync(harness, Component.Database));

        harness.Clock.Advance(TimeSpan.FromMinutes(1));
        await EndAsync(harness, await harness.AcceptBackupAsync("night-2", Token, null, Component.Database), TaskState.Finished);
        Assert.Equal(ErrorCodes.NothingToRetry, await RefusalAsync(harness, Component.Database));
        Assert.Equal("night-2", await NameAsync(harness, Component.Evidence));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_reported_verification_is_written_down_and_proves_nothing()
    {
        await using var harness = await CatalogHarness.StartAsync(postgres, TestContext.Current.CancellationToken);
        await harness.InAsync((PointCatalog points) => points.AddAsync(PointRow.From(Samples.Manifest("night", Component.Evidence)), Token));

        var line = await LogAsync(harness, "night", "failure", "orders are missing");

        Assert.Equal(("error", "tester reports failure of a verification of 'night': orders are missing"), (line.Level, line.Message));
        Assert.True(line.Sequence > 0);
        Assert.Equal(ErrorCodes.PointNotFound, (await Assert.ThrowsAsync<BackupException>(() => LogAsync(harness, "gone", "success", null))).Error);
        Assert.Equal(ErrorCodes.InvalidInput, (await Assert.ThrowsAsync<BackupException>(() => LogAsync(harness, "night", "fine", null))).Error);
        await harness.InAsync(async (CatalogContext catalog) =>
        {
            var row = await catalog.Audit.SingleAsync(Token);
            Assert.Equal(("verification.log", "night"), (row.Action, row.Subject));
            Assert.Equal(0, await catalog.Proofs.CountAsync(Token));
            Assert.Equal(line.Sequence, (await catalog.Events.SingleAsync(Token)).Sequence);
        });
    }

    private static Task<string> NameAsync(CatalogHarness harness, params Component[] asked) => harness.InAsync((BackupRetry retry) => retry.NameAsync(asked, null, Token));

    private static async Task<ErrorCode> RefusalAsync(CatalogHarness harness, params Component[] asked) =>
        (await Assert.ThrowsAsync<BackupException>(() => NameAsync(harness, asked))).Error;

    private static Task<EventView> LogAsync(CatalogHarness harness, string point, string result, string? note) => harness.InAsync((VerificationLog log) =>
        log.AddAsync(point, new LogVerificationRequest { Result = result, Note = note }, "tester", Token));

    private static async Task EndAsync(CatalogHarness harness, Operation operation, TaskState state)
    {
        await harness.SetStateAsync(operation.CorrelationId, OperationState.Finished, Token);
        await harness.InAsync((CatalogContext catalog) => catalog.Tasks.Where(task => task.OperationId == operation.CorrelationId)
            .ExecuteUpdateAsync(set => set.SetProperty(task => task.State, state), Token));
    }
}
