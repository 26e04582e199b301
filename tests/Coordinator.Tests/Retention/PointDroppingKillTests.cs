using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Parts;
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

namespace StellaOps.Backup.Coordinator.Tests.Retention;

/// <summary>
/// The coordinator dies at each store call of the dropping of points: one goes as a whole, one loses its database, one stays. What workers do in between,
/// forget and prune, has its own sweep in the repository's tests.
/// </summary>
public sealed class PointDroppingKillTests(PostgresFixture postgres)
{
    [Theory(Timeout = 300_000)]
    [InlineData(Fault.Crash)]
    [InlineData(Fault.CrashAfter)]
    [InlineData(Fault.LoseAnswer)]
    public async Task Whenever_it_dies_what_is_kept_stays_whole_and_the_next_run_ends_it(Fault fault)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var location = harness.Services.GetRequiredService<IObjectStore>();
        var rounds = 0;
        for (var struck = true; struck; rounds++)
        {
            await ArchiveWalAsync(location, token);
            PointManifest[] points = [Samples.Manifest($"gone-{rounds}", Component.Database, Component.Evidence), Samples.Manifest($"thinned-{rounds}", Component.Database, Component.Evidence), Samples.Manifest($"kept-{rounds}", Component.Database, Component.Evidence)];
            await SaveAsync(harness, points, token);
            var tasks = Tasks(points);
            await DroppingAsync(harness, location, dropping => dropping.BeginAsync(tasks, token));
            var faulty = new FaultyStore(location, new FaultRule(fault) { Matches = _ => true, At = rounds + 1 });

            await Record.ExceptionAsync(() => DroppingAsync(harness, faulty, dropping => dropping.SealAsync(tasks, token)));
            struck = faulty.Struck;

            // What stays is signed and whole at this moment, in the location and in the catalog.
            await AssertKeptAsync(harness, points, token);
            await DroppingAsync(harness, location, dropping => dropping.SealAsync(tasks, token));
            await AssertKeptAsync(harness, points, token);
            await AssertDroppedAsync(harness, points, token);
            await ClearAsync(harness, location, token);
        }

        Assert.True(rounds > 5, $"only {rounds - 1} calls of the store were hit");
    }

    private static async Task DroppingAsync(CatalogHarness harness, IObjectStore location, Func<PointDropping, Task> act) => await harness.InAsync(async (IServiceProvider scope) =>
    {
        var catalog = scope.GetRequiredService<CatalogContext>();
        var store = new PointStore(location, scope.GetRequiredService<PointVerifier>());
        var wal = new WalRetention(catalog, scope.GetRequiredService<PointCatalog>(), store, location, harness.Clock, NullLogger<WalRetention>.Instance);
        await act(new PointDropping(catalog, store, scope.GetRequiredService<PointSigner>(), wal, harness.Clock));
    });

    /// <summary>The ends of the tasks that forgot the snapshots: both of the first point, the database of the second.</summary>
    private static List<TaskRow> Tasks(PointManifest[] points) =>
    [
        Finished(Component.Database, points[0].Components[0].SnapshotId, points[1].Components[0].SnapshotId),
        Finished(Component.Evidence, points[0].Components[1].SnapshotId),
    ];

    private static TaskRow Finished(Component component, params string[] snapshots) => new()
    {
        Id = Guid.NewGuid(),
        Kind = OperationKind.Retention,
        Component = component,
        State = TaskState.Finished,
        Command = new RunTask
        {
            TaskId = Guid.NewGuid(), OperationId = Guid.NewGuid(), Component = component, Kind = OperationKind.Retention, Attempt = 1, Forget = new ForgetSpec { SnapshotIds = snapshots },
        },
        Result = new TaskResult
        {
            Outcome = Outcome.Complete,
            Forget = new ForgetResult { Snapshots = snapshots.Length, BytesBefore = 2, BytesAfter = 1, UndeletableUntil = new DateTimeOffset(2026, 1, 24, 10, 30, 0, TimeSpan.Zero) },
        },
    };

    private static Task SaveAsync(CatalogHarness harness, PointManifest[] points, CancellationToken cancellationToken) => harness.InAsync(async (IServiceProvider scope) =>
    {
        foreach (var point in points)
        {
            await scope.GetRequiredService<PointStore>().SaveAsync(point, scope.GetRequiredService<PointSigner>(), cancellationToken);
            await scope.GetRequiredService<PointCatalog>().AddAsync(PointRow.From(point), cancellationToken);
        }
    });

    /// <summary>Two segments that no base backup needs, and those that all do.</summary>
    private static async Task ArchiveWalAsync(IObjectStore location, CancellationToken cancellationToken)
    {
        const string Archive = $"wal/{Samples.SystemIdentifier}";
        foreach (var segment in (string[])["3", "4", "5", "6"])
        {
            await location.PutAsync(
                $"{Archive}/00000001/0000000100000000/00000001000000000000000{segment}-{new string('b', 64)}.zst.age", new byte[] { 1 }, PutMode.Replace, cancellationToken);
        }

        await location.PutAsync(
            $"{Archive}/state.json",
            System.Text.Encoding.UTF8.GetBytes($$"""
                { "version": 1, "systemIdentifier": {{Samples.SystemIdentifier}}, "cluster": "main", "segmentSize": 16777216, "timeline": 1, "archivedTo": "0/7000000", "updatedAt": "2026-01-17T10:30:00Z" }
                """),
            PutMode.Replace,
            cancellationToken);
    }

    private static Task AssertKeptAsync(CatalogHarness harness, PointManifest[] points, CancellationToken cancellationToken) => harness.InAsync(async (IServiceProvider scope) =>
    {
        var store = scope.GetRequiredService<PointStore>();
        var catalog = scope.GetRequiredService<PointCatalog>();
        var kept = await store.LoadAsync(StoredPoint.At(points[2].Id, points[2].StartedAt), cancellationToken);
        Assert.Equal(points[2].Components.Select(snapshot => snapshot.SnapshotId), kept.Components.Select(snapshot => snapshot.SnapshotId));
        Assert.Equal(2, (await catalog.FindAsync(points[2].Name, cancellationToken)).Snapshots.Count);

        // The point that loses its database: its evidence is listed all the time, and its database never again.
        var thinned = await store.LoadAsync(StoredPoint.At(points[1].Id, points[1].StartedAt), cancellationToken);
        Assert.Contains(thinned.Components, snapshot => snapshot.SnapshotId == points[1].Components[1].SnapshotId);
        Assert.Equal([new Part(Component.Evidence)], (await catalog.FindAsync(points[1].Name, cancellationToken)).Snapshots.Select(snapshot => snapshot.Part));

        // WAL that the kept base backup needs.
        var location = scope.GetRequiredService<IObjectStore>();
        var segments = await location.ListAsync("wal/", cancellationToken).Select(found => found.Key).Where(key => key.EndsWith(".age", StringComparison.Ordinal)).ToListAsync(cancellationToken);
        Assert.All((string[])["5", "6"], segment => Assert.Contains(segments, key => key.Contains($"00000001000000000000000{segment}-", StringComparison.Ordinal)));
    });

    private static Task AssertDroppedAsync(CatalogHarness harness, PointManifest[] points, CancellationToken cancellationToken) => harness.InAsync(async (IServiceProvider scope) =>
    {
        var stored = await scope.GetRequiredService<PointStore>().ListAsync(cancellationToken);
        Assert.Equal(points[1..].Select(point => point.Id).Order(), stored.Select(point => point.Id).Order());
        var thinned = await scope.GetRequiredService<PointStore>().LoadAsync(StoredPoint.At(points[1].Id, points[1].StartedAt), cancellationToken);
        Assert.Equal((false, 1), (thinned.Full, thinned.Components.Count));
        var catalog = scope.GetRequiredService<CatalogContext>();
        Assert.Equal(2, await catalog.Points.CountAsync(cancellationToken));
        Assert.Equal(3, await catalog.Snapshots.IgnoreQueryFilters().CountAsync(cancellationToken));
        Assert.Equal(3, await catalog.Forgotten.CountAsync(cancellationToken));
    });

    private static Task ClearAsync(CatalogHarness harness, IObjectStore location, CancellationToken cancellationToken) => harness.InAsync(async (CatalogContext catalog) =>
    {
        await catalog.Points.ExecuteDeleteAsync(cancellationToken);
        await catalog.Forgotten.ExecuteDeleteAsync(cancellationToken);
        foreach (var found in await location.ListAsync("", cancellationToken).ToListAsync(cancellationToken))
        {
            await location.DeleteAsync(found.Key, cancellationToken);
        }
    });
}
