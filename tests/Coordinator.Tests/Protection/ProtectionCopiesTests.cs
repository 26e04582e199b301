using System.Text;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Protection;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Postgres;

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
