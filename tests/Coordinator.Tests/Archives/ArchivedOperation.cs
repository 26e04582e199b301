using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;

namespace StellaOps.Backup.Coordinator.Tests.Archives;

/// <summary>An operation whose workers have put a point into an archive, and that is to be sealed.</summary>
internal static class ArchivedOperation
{
    /// <summary>A point of the location, and an operation whose tasks have put it into an archive.</summary>
    /// <param name="exported">What of the point is in it.</param>
    /// <returns>The operation, and the task that wrote the archive.</returns>
    public static async Task<(Operation Operation, IReadOnlyList<TaskRow> Tasks)> PrepareAsync(
        CatalogHarness harness, PointManifest point, IReadOnlyList<ComponentSnapshot> exported, CancellationToken cancellationToken)
    {
        var operation = new Operation
        {
            CorrelationId = Guid.NewGuid(), Kind = OperationKind.Archive, Components = [.. exported.Select(snapshot => snapshot.Component)], RequestedBy = "tester", AcceptedAt = harness.Clock.GetUtcNow(),
            Request = new OperationRequest { Target = "/mnt/cold" }, TraceParent = "", CurrentState = nameof(OperationState.Sealing),
        };
        var lists = exported.Select(snapshot => Finished(
            operation, point, snapshot.Component, 1, command => command with { Export = new ExportSpec { PointId = point.Id, PointName = point.Name, SnapshotIds = [snapshot.SnapshotId] } }, new CopyResult { Files = 1, Bytes = 1 }));
        var archived = Finished(
            operation,
            point,
            Component.Evidence,
            2,
            command => command with
            {
                Archive = new ArchiveSpec
                {
                    PointId = point.Id, PointName = point.Name, Destination = "/mnt/cold", Files = [], Manifest = "{\"payloadType\":\"a manifest\"}", KeepsExisting = true,
                },
            },
            new CopyResult { Files = 10, Bytes = 4711, Archive = $"/mnt/cold/{point.Name}.tar.gz" });
        await harness.AnnounceAsync(Component.Database, Component.Evidence);
        await harness.InAsync(async (IServiceProvider scope) =>
        {
            await scope.GetRequiredService<PointStore>().SaveAsync(point, scope.GetRequiredService<PointSigner>(), cancellationToken);
            await scope.GetRequiredService<PointCatalog>().AddAsync(PointRow.From(point), cancellationToken);
            var catalog = scope.GetRequiredService<CatalogContext>();
            catalog.Operations.Add(operation);
            catalog.Tasks.AddRange([.. lists, archived]);
            await catalog.SaveChangesAsync(cancellationToken);
        });
        return (operation, [archived]);
    }

    private static TaskRow Finished(Operation operation, PointManifest point, Component component, int stage, Func<RunTask, RunTask> spec, CopyResult result)
    {
        var id = Guid.NewGuid();
        return new TaskRow
        {
            Id = id, OperationId = operation.CorrelationId, Kind = OperationKind.Archive, Component = component, Stage = stage, PointId = point.Id, PointName = point.Name,
            State = TaskState.Finished, Attempt = 1, EndedAt = operation.AcceptedAt,
            Command = spec(new RunTask { TaskId = id, OperationId = operation.CorrelationId, Component = component, Kind = OperationKind.Archive, Attempt = 1 }),
            Result = new TaskResult { Outcome = Outcome.Complete, Copy = result },
        };
    }
}
