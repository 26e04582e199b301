using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Protection;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.Storage;

namespace StellaOps.Backup.Coordinator.Tests.Protection;

/// <summary>Pins and legal holds as the location has them.</summary>
public sealed class ProtectionCopiesTests(PostgresFixture postgres)
{
    private static readonly Guid Point = Guid.Parse("0196a1b2-0000-7000-8000-00000000002a");

    [Theory(Timeout = 300_000)]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{\"version\":1,\"pointId\":\"0196a1b2-0000-7000-8000-00000000002a\",\"holds\":[{\"reas")]
    [InlineData("{\"version\":2,\"pointId\":\"0196a1b2-0000-7000-8000-00000000002a\",\"duties\":[\"CASE-17\"]}")]
    [InlineData("{\"version\":1,\"pointId\":\"0196a1b2-0000-7000-8000-0000000000ff\"}")]
    [InlineData("{\"version\":1,\"pointId\":\"0196a1b2-0000-7000-8000-00000000002a\",\"holds\":[null]}")]
    public async Task What_cannot_be_understood_protects_its_point_until_somebody_looks(string content)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.Services.GetRequiredService<IObjectStore>().PutAsync($"protections/{Point:d}.json", Encoding.UTF8.GetBytes(content), PutMode.Create, token);
        await harness.InAsync((PointCatalog catalog) => catalog.AddAsync(PointRow.From(Samples.Manifest("p", Component.Evidence) with { Id = Point }), token));

        await harness.InAsync(async (ProtectionCopies copies) => await copies.AdoptAsync((await copies.ReadAsync(token)).Values, token));

        var pin = (await harness.InAsync((PointCatalog catalog) => catalog.FindAsync("p", token))).Pin;
        Assert.Equal(("coordinator", true), (pin?.By, pin?.Reason?.Contains("may have been a legal hold", StringComparison.Ordinal)));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_location_that_does_not_answer_a_pin_keeps_nobody_else_from_what_he_asks_for()
    {
        var token = TestContext.Current.CancellationToken;
        await using var location = new FaultyStore(
            new MemoryStore(), new FaultRule(Fault.Delay) { Matches = call => call.Kind == StoreCallKind.Put, Delay = _ => new TaskCompletionSource().Task });
        await using var harness = await CatalogHarness.StartAsync(postgres, token, location);
        await harness.AnnounceAsync(Component.Evidence);
        await harness.InAsync((PointCatalog catalog) => catalog.AddAsync(PointRow.From(Samples.Manifest("p", Component.Evidence) with { Id = Point }), token));
        var pin = harness.InAsync((PointProtection protection) => protection.PinAsync("p", new ProtectionRequest(), "ben", token));
        while (!location.Struck)
        {
            await Task.Delay(20, token);
        }

        // It waits for the lock that the pin has.
        var accepted = harness.AcceptBackupAsync("night", token);
        harness.Clock.Advance(LocationPatience.LongestUnderLock);

        Assert.Equal(ErrorCodes.StorageUnavailable, (await Assert.ThrowsAsync<BackupException>(() => pin)).Error);
        Assert.Equal("night", (await accepted).PointName);
        Assert.Null((await harness.InAsync((PointCatalog catalog) => catalog.FindAsync("p", token))).Pin);
    }

    /// <summary>A dump was loaded that is older than the hold, and the coordinator went on running.</summary>
    [Fact(Timeout = 300_000)]
    public async Task A_catalog_that_was_put_back_under_a_running_coordinator_drops_nothing_and_takes_no_hold_from_the_location()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var manifest = Samples.Manifest("p", Component.Evidence) with { Id = Point };
        await harness.Services.GetRequiredService<PointStore>().SaveAsync(manifest, harness.Services.GetRequiredService<PointSigner>(), token);
        var rebuild = harness.Services.GetServices<IHostedService>().OfType<CatalogRebuild>().Single();
        await rebuild.RunAsync(token);
        await harness.InAsync((PointProtection protection) => protection.HoldAsync("p", new ProtectionRequest { Reason = "CASE-17" }, "ann", token));
        await harness.InAsync((CatalogContext catalog) => catalog.Database.ExecuteSqlRawAsync(
            "ALTER TABLE audit DISABLE TRIGGER ALL; DELETE FROM audit; UPDATE points SET holds = '[]'", token));

        var refused = await Assert.ThrowsAsync<BackupException>(() => harness.InAsync((RetentionDrafts drafts) => drafts.PreviewAsync(new RetentionRequest(), [], token)));
        await harness.InAsync((OperationPlans plans) => plans.For(OperationKind.Retention).SealAsync(new Operation { Kind = OperationKind.Retention }, [], token));

        Assert.Equal(ErrorCodes.OperationConflict, refused.Error);
        Assert.Equal("CASE-17", Assert.Single((await harness.InAsync((ProtectionCopies copies) => copies.ReadAsync(token)))[Point].Holds).Reason);
        await rebuild.RunAsync(token);
        Assert.Equal("CASE-17", Assert.Single((await harness.InAsync((PointCatalog catalog) => catalog.FindAsync("p", token))).Holds).Reason);
        await harness.InAsync((RetentionDrafts drafts) => drafts.PreviewAsync(new RetentionRequest(), [], token));
    }

    /// <summary>The catalog was lost, or put back, and this process has not read the location yet.</summary>
    [Theory(Timeout = 300_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_change_before_the_location_was_read_replaces_no_hold_that_only_the_location_knows(bool pins)
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var hold = new LegalHold { Reason = "CASE-17", By = "ann", At = DateTimeOffset.UnixEpoch };
        await harness.Services.GetRequiredService<IObjectStore>().PutAsync(
            ProtectionCopies.Key(Point), Encoding.UTF8.GetBytes(ProtectionCopies.Text(Point, pin: null, [hold])!), PutMode.Create, token);
        await harness.InAsync((PointCatalog catalog) => catalog.AddAsync(PointRow.From(Samples.Manifest("p", Component.Evidence) with { Id = Point }), token));

        await harness.InAsync((PointProtection protection) => pins
            ? protection.PinAsync("p", new ProtectionRequest(), "ben", token)
            : protection.UnpinAsync("p", new ProtectionRequest(), "ben", token));

        var copy = (await harness.InAsync((ProtectionCopies copies) => copies.ReadAsync(token)))[Point];
        Assert.Equal((pins ? "ben" : null, "CASE-17"), (copy.Pin?.By, Assert.Single(copy.Holds).Reason));
        Assert.Equal("CASE-17", Assert.Single((await harness.InAsync((PointCatalog catalog) => catalog.FindAsync("p", token))).Holds).Reason);
    }
}
