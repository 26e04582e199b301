using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Status;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Status;

public sealed class StorageReportTests(PostgresFixture postgres)
{
    [Fact(Timeout = 300_000)]
    public async Task Each_component_is_counted_with_its_later_epochs_and_what_its_points_would_restore()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var location = harness.Services.GetRequiredService<IObjectStore>();
        foreach (var (key, length) in new[] { ("evidence/data/ab", 200), ("evidence.2/data/cd", 50), ("database/config", 100), ("wal/7/state.json", 70), ("points/2026/01/x.json", 5), ("location.json", 2) })
        {
            await location.PutAsync(key, new byte[length], PutMode.Create, token);
        }

        // Two days ago and today; ten days ago is out of the week. Each adds 100 bytes of 1,000.
        foreach (var age in (int[])[0, 2, 10])
        {
            await harness.InAsync((PointCatalog points) => points.AddAsync(PointRow.From(Manifest(harness, age)), token));
        }

        var view = await harness.InAsync((IServiceProvider scope) => new StorageReport(
            scope.GetRequiredService<PointCatalog>(), location, scope.GetRequiredService<IOptions<LocationSettings>>(), harness.Clock).ReadAsync(token));

        Assert.Equal(["database", "evidence", "wal", "other"], view.Usage.Select(one => one.Name));
        var evidence = view.Usage[1];
        Assert.Equal((2L, 250L, 3, 3000L, 12.0), (evidence.Objects, evidence.Bytes, evidence.Points, evidence.RestoreBytes, evidence.Ratio));
        Assert.Equal(200 / 7, evidence.AddedBytesPerDay);
        Assert.Equal((1L, 100L, 0, 0L), (view.Usage[0].Objects, view.Usage[0].Bytes, view.Usage[0].Points, view.Usage[0].AddedBytesPerDay));
        Assert.Equal((1L, 70L, null), (view.Usage[2].Objects, view.Usage[2].Bytes, view.Usage[2].Points));
        Assert.Equal((6L, 427L), (view.Objects, view.Bytes));
        Assert.InRange(view.FreeBytes!.Value, 1, view.SizeBytes!.Value);
        Assert.NotNull(view.DaysUntilFull);
    }

    private static PointManifest Manifest(CatalogHarness harness, int daysAgo)
    {
        var at = harness.Clock.GetUtcNow().AddDays(-daysAgo);
        var manifest = Samples.Manifest($"p{daysAgo}", Component.Evidence);
        return manifest with { StartedAt = at, FinishedAt = at, Components = [manifest.Components[0] with { StartedAt = at, FinishedAt = at }] };
    }
}
