using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Archives;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Copies;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Coordinator.Wal;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Coordinator.Tests.Archives;

/// <summary>
/// The coordinator dies at each store call while it records that a point was archived, and while it takes note that its snapshots are forgotten. What workers do in
/// between, write and read back the archive, and forget, has tests of its own.
/// </summary>
public sealed class ArchivingKillTests(PostgresFixture postgres)
{
    [Theory(Timeout = 300_000)]
    [InlineData(Fault.Crash)]
    [InlineData(Fault.CrashAfter)]
    [InlineData(Fault.LoseAnswer)]
    public async Task Whenever_it_dies_the_point_is_in_the_location_or_archived_and_listed(Fault fault)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var location = harness.Services.GetRequiredService<IObjectStore>();
        var rounds = 0;
        for (var struck = true; struck; rounds++)
        {
            var point = Samples.Manifest($"p-{rounds}", Component.Database, Component.Evidence);
            var (operation, tasks) = await ArchivedOperation.PrepareAsync(harness, point, [.. point.Components], token);
            await location.PutAsync($"exchange/{operation.CorrelationId:n}.database.contents", new byte[] { 1 }, PutMode.Replace, token);
            var faulty = new FaultyStore(location, new FaultRule(fault) { Matches = _ => true, At = rounds + 1 });

            await Record.ExceptionAsync(() => SealAsync(harness, faulty, operation, tasks, token));
            await AssertSomewhereAsync(harness, point, token);
            struck = faulty.Struck;
            await SealAsync(harness, location, operation, tasks, token);
            await SealAsync(harness, location, operation, tasks, token);

            // One operation forgets the snapshots, of both components, however often this ran.
            var forgets = await ForgetsAsync(harness, token);
            Assert.Equal(point.Components.Select(snapshot => snapshot.SnapshotId).Order(), forgets.SelectMany(task => task.Command.Forget!.SnapshotIds).Order());
            Assert.All(forgets, task => Assert.Equal(TimeSpan.Zero, task.Command.Forget!.Grace));
            await AssertArchivedAsync(harness, point, token);
            Assert.Empty(await location.ListAsync("exchange/", token).ToListAsync(token));

            // The catalog is lost before they are forgotten: the list comes back, and what is left to forget is known.
            await ForgetCatalogAsync(harness, token);
            await harness.Services.GetServices<IHostedService>().OfType<CatalogRebuild>().Single().RunAsync(token);
            await AssertArchivedAsync(harness, point, token);
            Assert.Equal(2, await harness.InAsync((CatalogContext catalog) => catalog.Snapshots.IgnoreQueryFilters().CountAsync(row => row.Dropping, token)));

            List<TaskRow> forgotten = [.. point.Components.Select(Forgotten)];
            await Record.ExceptionAsync(() => DropAsync(harness, new FaultyStore(location, new FaultRule(fault) { Matches = _ => true, At = rounds + 1 }), forgotten, token));
            await AssertArchivedAsync(harness, point, token);
            await DropAsync(harness, location, forgotten, token);
            await AssertArchivedAsync(harness, point, token);
            Assert.Equal(0, await harness.InAsync((CatalogContext catalog) => catalog.Snapshots.IgnoreQueryFilters().CountAsync(token)));
            await ClearAsync(harness, location, token);
        }

        Assert.True(rounds > 2, $"only {rounds - 1} calls of the store were hit");
    }

    private static Task SealAsync(CatalogHarness harness, IObjectStore location, Operation operation, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken) => harness.InAsync(async (IServiceProvider scope) =>
    {
        var (catalog, signer, verifier) = (scope.GetRequiredService<CatalogContext>(), scope.GetRequiredService<PointSigner>(), scope.GetRequiredService<PointVerifier>());
        var records = new CopyRecords(catalog, new PointStore(location, verifier), signer, verifier);
        var plan = new ArchivePlan(scope.GetRequiredService<PointCatalog>(), signer, location, records, scope.GetRequiredService<ArchivedForgetting>(), scope.GetRequiredService<TaskBoard>());
        Assert.Null(await plan.SealAsync(operation, tasks, cancellationToken));
    });

    private static Task DropAsync(CatalogHarness harness, IObjectStore location, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken) => harness.InAsync(async (IServiceProvider scope) =>
    {
        var catalog = scope.GetRequiredService<CatalogContext>();
        var store = new PointStore(location, scope.GetRequiredService<PointVerifier>());
        var wal = new WalRetention(catalog, scope.GetRequiredService<PointCatalog>(), store, location, harness.Clock, NullLogger<WalRetention>.Instance);
        var dropping = new PointDropping(catalog, store, scope.GetRequiredService<PointSigner>(), wal, harness.Clock);
        await dropping.BeginAsync(tasks, cancellationToken);
        await dropping.SealAsync(tasks, cancellationToken);
    });

    private static TaskRow Forgotten(ComponentSnapshot snapshot) => new()
    {
        Id = Guid.NewGuid(), Kind = OperationKind.Retention, Component = snapshot.Component, State = TaskState.Finished,
        Command = new RunTask
        {
            TaskId = Guid.NewGuid(), OperationId = Guid.NewGuid(), Component = snapshot.Component, Kind = OperationKind.Retention, Attempt = 1,
            Forget = new ForgetSpec { SnapshotIds = [snapshot.SnapshotId], Grace = TimeSpan.Zero },
        },
        Result = new TaskResult { Outcome = Outcome.Complete, Forget = new ForgetResult { Snapshots = 1, BytesBefore = 2, BytesAfter = 1 } },
    };

    /// <summary>Never neither: as long as the catalog does not say that it is archived, its snapshots are nobody's to forget.</summary>
    private static Task AssertSomewhereAsync(CatalogHarness harness, PointManifest point, CancellationToken cancellationToken) => harness.InAsync(async (IServiceProvider scope) =>
    {
        var stored = await scope.GetRequiredService<PointStore>().LoadAsync(StoredPoint.At(point.Id, point.StartedAt), cancellationToken);
        var listed = await scope.GetRequiredService<PointCatalog>().FindAsync(point.Name, cancellationToken);
        Assert.Equal(point.Components.Select(snapshot => snapshot.SnapshotId), stored.Components.Select(snapshot => snapshot.SnapshotId));
        if (listed.IsArchived())
        {
            Assert.Equal($"/mnt/cold/{point.Name}.tar.gz", stored.Archive!.Url);
            return;
        }

        Assert.Equal(2, listed.Snapshots.Count);
        Assert.Empty(await ForgetsAsync(harness, cancellationToken));
    });

    private static Task AssertArchivedAsync(CatalogHarness harness, PointManifest point, CancellationToken cancellationToken) => harness.InAsync(async (IServiceProvider scope) =>
    {
        var stored = await scope.GetRequiredService<PointStore>().LoadAsync(StoredPoint.At(point.Id, point.StartedAt), cancellationToken);
        var listed = await scope.GetRequiredService<PointCatalog>().FindAsync(point.Name, cancellationToken);
        Assert.Equal((stored.Archive, 4711L), (listed.Manifest.Archive, stored.Archive!.Bytes));
        Assert.Empty(listed.Snapshots);
        Assert.Equal(point.Components.Select(snapshot => snapshot.SnapshotId), ArchivedPoint.Of(listed)!.Row.Snapshots.Select(snapshot => snapshot.SnapshotId));
    });

    private static Task<List<TaskRow>> ForgetsAsync(CatalogHarness harness, CancellationToken cancellationToken) =>
        harness.InAsync((CatalogContext catalog) => catalog.Tasks.AsNoTracking().Where(task => task.Kind == OperationKind.Retention).ToListAsync(cancellationToken));

    private static Task ForgetCatalogAsync(CatalogHarness harness, CancellationToken cancellationToken) => harness.InAsync(async (CatalogContext catalog) =>
    {
        await catalog.Points.ExecuteDeleteAsync(cancellationToken);
        await catalog.Tasks.ExecuteDeleteAsync(cancellationToken);
        await catalog.Operations.ExecuteDeleteAsync(cancellationToken);
    });

    private static async Task ClearAsync(CatalogHarness harness, IObjectStore location, CancellationToken cancellationToken)
    {
        await ForgetCatalogAsync(harness, cancellationToken);
        foreach (var found in await location.ListAsync("", cancellationToken).ToListAsync(cancellationToken))
        {
            await location.DeleteAsync(found.Key, cancellationToken);
        }
    }
}
