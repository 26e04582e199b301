using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Status;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Coordinator.Wal;
using StellaOps.Backup.Coordinator.Workers;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Coordinator.Tests.Status;

public sealed class ClusterStatusesTests(PostgresFixture postgres)
{
    [Fact(Timeout = 300_000)]
    public async Task A_location_that_does_not_answer_is_said_with_each_cluster()
    {
        var token = TestContext.Current.CancellationToken;
        await using var location = new FaultyStore(new MemoryStore(), new FaultRule(Fault.Delay) { Delay = _ => new TaskCompletionSource().Task });
        await using var harness = await CatalogHarness.StartAsync(postgres, token, location);
        await harness.AnnounceAsync(Component.Database);

        var reading = harness.InAsync(async (IServiceProvider scope) =>
        {
            var points = scope.GetRequiredService<PointCatalog>();
            using var pictures = ActivatorUtilities.CreateInstance<WalPictures>(scope);
            var statuses = new ClusterStatuses(
                points, ActivatorUtilities.CreateInstance<WalReport>(scope), pictures, scope.GetRequiredService<WorkerDirectory>(),
                new Drills(scope.GetRequiredService<CatalogContext>()), harness.Clock);
            return await statuses.ReadAsync(token);
        });
        while (!reading.IsCompleted)
        {
            harness.Clock.Advance(LocationPatience.LongestAsked);
            await Task.Delay(20, token);
        }

        Assert.Equal("the WAL archive cannot be read: memory: did not answer within 20 seconds", Assert.Single(await reading).Problem);
    }
}
