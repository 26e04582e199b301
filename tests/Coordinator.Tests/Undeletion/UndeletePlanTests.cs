using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Coordinator.Undeletion;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Undeletion;

/// <summary>A point has lost its keys and gets them back, while something else goes on with it.</summary>
public sealed class UndeletePlanTests(PostgresFixture postgres)
{
    [Theory(Timeout = 300_000)]
    [InlineData(Component.Evidence)]
    [InlineData(Component.Keys)]
    public async Task Where_a_part_is_being_dropped_what_was_brought_back_is_there_and_the_others_go_on(Component dropping)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var point = await PrepareAsync(harness, token);
        await harness.InAsync(async (CatalogContext catalog) =>
        {
            if (dropping == Component.Keys)
            {
                catalog.Snapshots.AddRange(PointRow.From(point).Snapshots.Where(row => row.Component == Component.Keys));
                await catalog.SaveChangesAsync(token);
            }

            await catalog.Snapshots.Where(row => row.Component == dropping).ExecuteUpdateAsync(set => set.SetProperty(row => row.Dropping, true), token);
        });
        var operation = await AcceptAsync(harness, token);
        var finished = await FinishedAsync(harness, operation, token);

        Assert.Null(await harness.InAsync((OperationPlans plans) => plans.For(OperationKind.Undelete).SealAsync(operation, finished, token)));
        Assert.Null(await harness.InAsync((OperationPlans plans) => plans.For(OperationKind.Undelete).SealAsync(operation, finished, token)));

        await harness.InAsync(async (IServiceProvider scope) =>
        {
            var stored = await scope.GetRequiredService<PointStore>().LoadAsync(StoredPoint.At(point.Id, point.StartedAt), token);
            Assert.Equal(point.Components.Select(snapshot => snapshot.SnapshotId), stored.Components.Select(snapshot => snapshot.SnapshotId));
            var rows = await scope.GetRequiredService<CatalogContext>().Snapshots.IgnoreQueryFilters().ToListAsync(token);
            Assert.Equal(point.Components.Select(snapshot => snapshot.SnapshotId).Order(), rows.Select(row => row.SnapshotId).Order());
            Assert.Equal(dropping == Component.Keys ? [] : [dropping], rows.Where(row => row.Dropping).Select(row => row.Component));
            Assert.Equal(0, await scope.GetRequiredService<CatalogContext>().Forgotten.CountAsync(token));
        });
    }

    [Fact(Timeout = 300_000)]
    public async Task A_point_that_an_operation_uses_gets_nothing_back()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await PrepareAsync(harness, token);
        var earlier = await AcceptAsync(harness, token);

        var refused = await Assert.ThrowsAsync<BackupException>(() => AcceptAsync(harness, token));

        Assert.Equal((ErrorCodes.OperationConflict, $"recovery point 'p' is used by operation {earlier.CorrelationId} (undelete)"), (refused.Error, refused.Message));
        await harness.SetStateAsync(earlier.CorrelationId, OperationState.Finished, token);
        await AcceptAsync(harness, token);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_point_that_was_archived_before_its_turn_came_gets_nothing_back()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await PrepareAsync(harness, token);
        var operation = await AcceptAsync(harness, token);
        await harness.InAsync(async (CatalogContext catalog) =>
        {
            var row = await catalog.Points.SingleAsync(token);
            row.Manifest = row.Manifest with { Archive = new PointCopy { Url = "/mnt/cold/p.tar.gz", At = harness.Clock.GetUtcNow(), Bytes = 4711, ManifestSha256 = new string('a', 64) } };
            await catalog.SaveChangesAsync(token);
        });

        await harness.InAsync((OperationPlans plans) => plans.For(OperationKind.Undelete).BeginAsync(operation, token));

        var task = await harness.TaskAsync(operation.CorrelationId, token);
        Assert.Equal((TaskState.Failed, ErrorCodes.PointArchived.Code), (task.State, task.Error?.Code));
        Assert.False(await harness.InAsync((OperationPlans plans) => Task.FromResult(plans.For(OperationKind.Undelete).NeedsSealing(operation, [task]))));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_grace_that_is_over_while_an_undelete_waits_ends_when_that_has_ended()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await PrepareAsync(harness, token);
        var operation = await AcceptAsync(harness, token);
        harness.Clock.Advance(TimeSpan.FromDays(8));

        Assert.Equal(1, await ForgottenAfterAnotherDeletionAsync(harness, token));
        await harness.SetStateAsync(operation.CorrelationId, OperationState.Finished, token);
        Assert.Equal(0, await ForgottenAfterAnotherDeletionAsync(harness, token));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_snapshot_that_no_point_lists_again_is_not_called_back()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var point = await PrepareAsync(harness, token);
        var operation = await AcceptAsync(harness, token);
        var finished = await FinishedAsync(harness, operation, token);
        await harness.InAsync((CatalogContext catalog) => catalog.Forgotten.ExecuteDeleteAsync(token));

        var problem = await harness.InAsync((OperationPlans plans) => plans.For(OperationKind.Undelete).SealAsync(operation, finished, token));

        Assert.Equal(ErrorCodes.SnapshotNotFound.Code, problem?.Code);
        Assert.Contains(point.Components[2].SnapshotId, problem!.Message, StringComparison.Ordinal);
    }

    private static async Task<int> ForgottenAfterAnotherDeletionAsync(CatalogHarness harness, CancellationToken cancellationToken)
    {
        await harness.InAsync((PointDropping dropping) => dropping.SealAsync([], cancellationToken));
        return await harness.InAsync((CatalogContext catalog) => catalog.Forgotten.CountAsync(cancellationToken));
    }

    private static async Task<IReadOnlyList<TaskRow>> FinishedAsync(CatalogHarness harness, Operation operation, CancellationToken cancellationToken)
    {
        var task = await harness.TaskAsync(operation.CorrelationId, cancellationToken);
        return [new() { Id = task.Id, OperationId = task.OperationId, Kind = task.Kind, Component = task.Component, PointId = task.PointId, State = TaskState.Finished, Command = task.Command }];
    }

    /// <returns>The point as it was before it lost its keys.</returns>
    private static async Task<PointManifest> PrepareAsync(CatalogHarness harness, CancellationToken cancellationToken)
    {
        var whole = Samples.Manifest("p", Component.Config, Component.Evidence, Component.Keys);
        var left = whole with { Full = false, Components = [.. whole.Components.Take(2)] };
        await harness.AnnounceAsync(Component.Keys);
        await harness.InAsync(async (IServiceProvider scope) =>
        {
            await scope.GetRequiredService<PointStore>().SaveAsync(left, scope.GetRequiredService<PointSigner>(), cancellationToken);
            await scope.GetRequiredService<PointCatalog>().AddAsync(PointRow.From(left), cancellationToken);
            var catalog = scope.GetRequiredService<CatalogContext>();
            var now = harness.Clock.GetUtcNow();
            catalog.Forgotten.Add(new ForgottenRow { PointId = whole.Id, Component = Component.Keys, PointName = whole.Name, Manifest = whole, ForgottenAt = now, Until = now.AddDays(7) });
            await catalog.SaveChangesAsync(cancellationToken);
        });
        return whole;
    }

    private static Task<Operation> AcceptAsync(CatalogHarness harness, CancellationToken cancellationToken) => harness.InAsync((IServiceProvider scope) =>
        scope.GetRequiredService<OperationAcceptance>().AcceptAsync(
            new Caller { Subject = "tester" }, token => scope.GetRequiredService<UndeleteDrafts>().DraftAsync(new UndeleteRequest { Point = "p" }, token), cancellationToken));
}
