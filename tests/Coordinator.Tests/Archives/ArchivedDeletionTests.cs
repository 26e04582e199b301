using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Deletion;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Protection;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Archives;

/// <summary>An archived point has no snapshots in the location: its deletion has no task, and nothing that the deletion could be seen by but itself.</summary>
public sealed class ArchivedDeletionTests(PostgresFixture postgres)
{
    [Fact(Timeout = 300_000)]
    public async Task An_archived_point_that_is_being_deleted_takes_no_hold()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await ArchiveAsync(harness, token);
        var deletion = await DeleteAsync(harness, token);

        var refused = await Assert.ThrowsAsync<BackupException>(() => harness.InAsync((PointProtection protection) =>
            protection.HoldAsync("p", new ProtectionRequest { Reason = "CASE-17" }, "ann", token)));

        Assert.Equal((ErrorCodes.OperationConflict, $"recovery point 'p' is being deleted by operation {deletion.CorrelationId}"), (refused.Error, refused.Message));
    }

    [Fact(Timeout = 300_000)]
    public async Task An_archived_point_that_is_pinned_all_the_same_stays_listed()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var point = await ArchiveAsync(harness, token);
        var deletion = await DeleteAsync(harness, token);
        await harness.InAsync(async (CatalogContext catalog) =>
        {
            (await catalog.Points.SingleAsync(token)).Pin = new PointPin { By = "ann", At = harness.Clock.GetUtcNow(), Reason = "wanted" };
            await catalog.SaveChangesAsync(token);
        });

        var problem = await harness.InAsync((OperationPlans plans) => plans.For(OperationKind.Delete).SealAsync(deletion, [], token));

        Assert.Equal(ErrorCodes.PointPinned.Code, problem?.Code);
        Assert.Equal(1, await harness.InAsync((CatalogContext catalog) => catalog.Points.CountAsync(token)));
        Assert.NotNull((await harness.InAsync((PointStore store) => store.LoadAsync(StoredPoint.At(point.Id, point.StartedAt), token))).Archive);
    }

    private static async Task<PointManifest> ArchiveAsync(CatalogHarness harness, CancellationToken cancellationToken)
    {
        var point = Samples.Manifest("p", Component.Evidence) with
        {
            Archive = new PointCopy { Url = "/mnt/cold/p.tar.gz", At = harness.Clock.GetUtcNow(), Bytes = 4711, ManifestSha256 = new string('a', 64) },
        };
        await harness.InAsync(async (IServiceProvider scope) =>
        {
            await scope.GetRequiredService<PointStore>().SaveAsync(point, scope.GetRequiredService<PointSigner>(), cancellationToken);
            await scope.GetRequiredService<PointCatalog>().AddAsync(PointRow.From(point), cancellationToken);
            await scope.GetRequiredService<CatalogContext>().Snapshots.IgnoreQueryFilters().ExecuteDeleteAsync(cancellationToken);
            scope.GetRequiredService<RebuildGate>().Open();
        });
        return point;
    }

    private static Task<Operation> DeleteAsync(CatalogHarness harness, CancellationToken cancellationToken) => harness.InAsync((IServiceProvider scope) =>
        scope.GetRequiredService<OperationAcceptance>().AcceptAsync(
            new Caller { Subject = "tester" }, token => scope.GetRequiredService<DeleteDrafts>().DraftAsync("p", confirm: true, reason: null, token), cancellationToken));
}
