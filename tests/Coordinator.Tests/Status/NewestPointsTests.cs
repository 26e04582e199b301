using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Status;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Status;

public sealed class NewestPointsTests(PostgresFixture postgres)
{
    [Fact(Timeout = 300_000)]
    public async Task A_proven_point_is_found_behind_any_number_of_newer_ones_that_nobody_restored()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await AddAsync(harness, [Point(harness, "weekly", 100, true), .. Enumerable.Range(1, 60).Select(i => Point(harness, $"hourly-{i}", i))], token);

        Assert.Equal("hourly-1", await NewestAsync(harness, token));
        Assert.Equal("weekly", await ProvenAsync(harness, token));
    }

    [Fact(Timeout = 300_000)]
    public async Task Any_number_of_points_whose_restore_failed_since_is_passed_over()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var failed = Enumerable.Range(0, (2 * NewestPoints.Batch) + 1).Select(i => Point(harness, $"failed-{i}", 10, true, false));
        await AddAsync(harness, [Point(harness, "older", 200, true), Point(harness, "weekly", 100, true), .. failed, Point(harness, "newest", 1, false)], token);

        Assert.Equal("newest", await NewestAsync(harness, token));
        Assert.Equal("weekly", await ProvenAsync(harness, token));
    }

    [Fact(Timeout = 300_000)]
    public async Task Where_nothing_else_was_proven_a_point_that_is_being_deleted_is_none()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        Assert.Null(await NewestAsync(harness, token));
        Assert.Null(await ProvenAsync(harness, token));
        var deleting = Point(harness, "deleting", 1, true);
        deleting.Deleting = true;
        await AddAsync(harness, [deleting, .. Enumerable.Range(0, NewestPoints.Batch).Select(i => Point(harness, $"failed-{i}", 2 + i, true, false))], token);

        Assert.Equal("failed-0", await NewestAsync(harness, token));
        Assert.Null(await ProvenAsync(harness, token));
    }

    private static Task<string?> NewestAsync(CatalogHarness harness, CancellationToken cancellationToken) =>
        harness.InAsync(async (PointCatalog points) => (await new NewestPoints(points).FindAsync(cancellationToken))?.Name);

    private static Task<string?> ProvenAsync(CatalogHarness harness, CancellationToken cancellationToken) =>
        harness.InAsync(async (PointCatalog points) => (await new NewestPoints(points).FindProvenAsync(cancellationToken))?.Name);

    private static Task AddAsync(CatalogHarness harness, IReadOnlyList<PointRow> points, CancellationToken cancellationToken) => harness.InAsync(async (CatalogContext catalog) =>
    {
        catalog.Points.AddRange(points);
        await catalog.SaveChangesAsync(cancellationToken);
    });

    /// <summary>A point of some hours ago, and whether each restore of it passed, in their order.</summary>
    private static PointRow Point(CatalogHarness harness, string name, int hoursAgo, params bool[] restores)
    {
        var at = harness.Clock.GetUtcNow().AddHours(-hoursAgo);
        var point = PointRow.From(Samples.Manifest(name, Component.Evidence) with { StartedAt = at, FinishedAt = at });
        point.Proofs.AddRange(restores.Select((passed, i) => new ProofRow
        {
            TaskId = Guid.NewGuid(),
            OperationId = Guid.NewGuid(),
            PointId = point.Id,
            Component = Component.Evidence,
            At = at.AddMinutes(i),
            Passed = passed,
            Depth = ProofDepth.Restored,
        }));
        return point;
    }
}
