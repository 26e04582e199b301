using System.Text;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Events;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Points;

/// <summary>The coordinator died before a point was listed, and comes back in another version, or with another location.</summary>
public sealed class ResealTests(PostgresFixture postgres)
{
    [Fact(Timeout = 300_000)]
    public async Task A_point_whose_manifest_an_older_coordinator_stored_is_listed_as_that_one_describes_it()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var (operation, task) = Saved(harness.Clock.GetUtcNow());
        var older = Samples.Manifest("night", Component.Evidence) with
        {
            Id = operation.PointId!.Value, OperationId = operation.CorrelationId, StartedAt = operation.StartedAt!.Value,
            Components = [task.Result!.Snapshot!], ProductVersion = "0.0.1-older",
        };
        await harness.Services.GetRequiredService<PointStore>().SaveAsync(older, harness.Services.GetRequiredService<PointSigner>(), token);

        var problem = await harness.InAsync((OperationPlans plans) => plans.For(OperationKind.Backup).SealAsync(operation, [task], token));

        Assert.Null(problem);
        var point = await harness.InAsync((PointCatalog points) => points.FindAsync("night", token));
        Assert.Equal("0.0.1-older", point.Manifest.ProductVersion);
        Assert.Equal(task.Result.Snapshot!.SnapshotId, Assert.Single(point.Snapshots).SnapshotId);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_point_is_not_listed_in_another_location_than_the_one_that_it_was_saved_into()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var location = harness.Services.GetRequiredService<IObjectStore>();
        await LocationFile.EnsureAsync(location, token);
        await harness.AnnounceAsync(Component.Evidence);
        var accepted = await harness.AcceptBackupAsync("night", token);
        var (_, task) = Saved(harness.Clock.GetUtcNow());
        var operation = new Operation
        {
            CorrelationId = accepted.CorrelationId, Kind = accepted.Kind, AcceptedAt = accepted.AcceptedAt, StartedAt = accepted.AcceptedAt, SealedAt = accepted.AcceptedAt,
            PointId = accepted.PointId, PointName = accepted.PointName, Request = accepted.Request, CurrentState = nameof(OperationState.Sealing),
        };
        var other = Encoding.UTF8.GetString(await location.ReadAllAsync(LocationFile.Key, 4096, token)).Replace(accepted.Request.LocationId!, $"{Guid.NewGuid()}", StringComparison.Ordinal);
        await location.PutAsync(LocationFile.Key, Encoding.UTF8.GetBytes(other), PutMode.Replace, token);

        var problem = await harness.InAsync((OperationPlans plans) => plans.For(OperationKind.Backup).SealAsync(operation, [task], token));

        Assert.Equal(ErrorCodes.StorageUnavailable.Code, problem?.Code);
        Assert.Empty(await harness.InAsync((PointStore store) => store.ListAsync(token)));
    }

    /// <summary>Another backup was given the name, after a catalog was put back to a time before this one.</summary>
    [Fact(Timeout = 300_000)]
    public async Task A_point_whose_name_another_one_has_is_not_listed_and_the_next_save_is_not_refused_for_it()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var (operation, task) = Saved(harness.Clock.GetUtcNow());
        await harness.InAsync((PointCatalog points) => points.AddAsync(PointRow.From(Samples.Manifest("night", Component.Evidence)), token));

        await harness.InAsync(async (IServiceProvider scope) =>
        {
            var refused = await Assert.ThrowsAsync<BackupException>(
                () => scope.GetRequiredService<OperationPlans>().For(OperationKind.Backup).SealAsync(operation, [task], token));
            Assert.Equal(ErrorCodes.DuplicateName, refused.Error);
            scope.GetRequiredService<OperationLog>().Warning(operation, refused.Message);
            await scope.GetRequiredService<CatalogContext>().SaveChangesAsync(token);
        });

        Assert.Single(await harness.InAsync((PointStore store) => store.ListAsync(token)));
    }

    private static (Operation Operation, TaskRow Task) Saved(DateTimeOffset now)
    {
        var operation = new Operation
        {
            CorrelationId = Guid.NewGuid(), Kind = OperationKind.Backup, Components = [Component.Evidence], RequestedBy = "tester", AcceptedAt = now, StartedAt = now, SealedAt = now,
            PointId = Guid.CreateVersion7(), PointName = "night", Request = new OperationRequest(), TraceParent = "", CurrentState = nameof(OperationState.Sealing),
        };
        return (operation, new TaskRow
        {
            Id = Guid.NewGuid(), OperationId = operation.CorrelationId, Kind = OperationKind.Backup, Component = Component.Evidence, State = TaskState.Finished,
            Command = new RunTask { TaskId = Guid.NewGuid(), OperationId = operation.CorrelationId, Component = Component.Evidence, Kind = OperationKind.Backup, Attempt = 1 },
            Result = new TaskResult { Outcome = Outcome.Complete, Snapshot = Samples.Snapshot(Component.Evidence) },
        });
    }
}
