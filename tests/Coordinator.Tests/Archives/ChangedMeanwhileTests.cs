using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Protection;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Archives;

/// <summary>A point becomes another while workers write its archive, which takes hours: then it stays in the location.</summary>
public sealed class ChangedMeanwhileTests(PostgresFixture postgres)
{
    [Fact(Timeout = 300_000)]
    public async Task A_part_that_came_back_while_the_archive_was_written_stays_with_its_point()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var point = Samples.Manifest("p", Component.Database, Component.Evidence);
        var (operation, tasks) = await ArchivedOperation.PrepareAsync(harness, point, [point.Components[0]], token);

        var problem = await SealAsync(harness, operation, tasks, token);

        Assert.Equal((ErrorCodes.Incomplete.Code, "recovery point 'p' stays in the location: its archive lacks evidence, which came back while it was written"), (problem!.Code, problem.Message));
        Assert.Contains("/mnt/cold/p.tar.gz", problem.Hint, StringComparison.Ordinal);
        await AssertStaysAsync(harness, point, token);
    }

    [Theory(Timeout = 300_000)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task A_point_that_is_pinned_or_held_while_its_archive_is_written_stays(bool pinned, bool afterCrash)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var point = Samples.Manifest("p", Component.Database, Component.Evidence);
        var (operation, tasks) = await ArchivedOperation.PrepareAsync(harness, point, [.. point.Components], token);
        if (afterCrash)
        {
            // The location says already that it is archived, and the catalog does not know.
            var archive = new PointCopy { Url = "/mnt/cold/p.tar.gz", At = harness.Clock.GetUtcNow(), Bytes = 4711, ManifestSha256 = new string('a', 64) };
            await harness.InAsync((IServiceProvider scope) => scope.GetRequiredService<PointStore>().ReplaceAsync(point with { Archive = archive }, scope.GetRequiredService<PointSigner>(), token));
        }

        await harness.InAsync((PointProtection protection) => pinned
            ? protection.PinAsync("p", new ProtectionRequest { Reason = "wanted" }, "ann", token)
            : protection.HoldAsync("p", new ProtectionRequest { Reason = "CASE-17" }, "ann", token));

        var problem = await SealAsync(harness, operation, tasks, token);

        Assert.Equal((pinned ? ErrorCodes.PointPinned : ErrorCodes.PointHeld).Code, problem?.Code);
        await AssertStaysAsync(harness, point, token);
    }

    private static Task<ErrorInfo?> SealAsync(CatalogHarness harness, Operation operation, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken) =>
        harness.InAsync((OperationPlans plans) => plans.For(OperationKind.Archive).SealAsync(operation, tasks, cancellationToken));

    /// <summary>The location and the catalog say that all of it is there, and nothing of it is forgotten.</summary>
    private static Task AssertStaysAsync(CatalogHarness harness, PointManifest point, CancellationToken cancellationToken) => harness.InAsync(async (IServiceProvider scope) =>
    {
        var stored = await scope.GetRequiredService<PointStore>().LoadAsync(StoredPoint.At(point.Id, point.StartedAt), cancellationToken);
        var listed = await scope.GetRequiredService<PointCatalog>().FindAsync(point.Name, cancellationToken);
        Assert.Equal((null, null), (stored.Archive, listed.Manifest.Archive));
        Assert.Equal(point.Components.Count, listed.Snapshots.Count);
        Assert.False(await scope.GetRequiredService<CatalogContext>().Tasks.AnyAsync(task => task.Kind == OperationKind.Retention, cancellationToken));
    });
}
