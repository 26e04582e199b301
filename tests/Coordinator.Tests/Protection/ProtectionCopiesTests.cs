using System.Text;
using Microsoft.Extensions.DependencyInjection;
using StellaOps.Backup.Contracts;
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
}
