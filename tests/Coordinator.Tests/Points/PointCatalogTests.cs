using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace StellaOps.Backup.Coordinator.Tests.Points;

public sealed class PointCatalogTests(PostgresFixture postgres)
{
    [Fact(Timeout = 300_000)]
    public async Task Damage_flags_every_point_that_needs_it_and_no_other()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var points = new[] { "a", "b", "c" }.Select(name => PointRow.From(Samples.Manifest(name, Component.Evidence, Component.Config))).ToList();
        await harness.InAsync(async (PointCatalog catalog) =>
        {
            foreach (var point in points)
            {
                await catalog.AddAsync(point, token);
            }
        });
        var seen = SnapshotOf(points[0]);
        var damage = new Damage { Kind = "pack", Item = "f00", Detail = "is missing", Snapshots = [SnapshotOf(points[1])] };

        await harness.InAsync(async (IServiceProvider scope) =>
        {
            await scope.GetRequiredService<PointCatalog>().MarkDamagedAsync(Component.Evidence, seen, [damage], token);
            await scope.GetRequiredService<CatalogContext>().SaveChangesAsync(token);
        });

        var proofs = new List<string>();
        foreach (var name in new[] { "a", "b", "c" })
        {
            proofs.Add(PointProof.Of(await harness.InAsync((PointCatalog catalog) => catalog.FindAsync(name, token))));
        }

        Assert.Equal([PointProof.Damaged, PointProof.Damaged, PointProof.Unverified], proofs);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_lost_catalog_is_filled_from_the_location_and_a_forged_manifest_hides_no_other()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var store = harness.Services.GetRequiredService<PointStore>();
        var signer = harness.Services.GetRequiredService<PointSigner>();
        var kept = Samples.Manifest("kept", Component.Evidence);
        await store.SaveAsync(kept, signer, token);
        await store.SaveAsync(Samples.Manifest("also-kept", Component.Evidence), signer, token);
        var saved = await store.SaveAsync(Samples.Manifest("forged", Component.Evidence), signer, token);
        var forged = StoredPoint.At(saved.Id, saved.StartedAt);
        var location = harness.Services.GetRequiredService<IObjectStore>();
        var content = new byte[64 * 1024];
        var length = await location.ReadAsync(forged.Key, 0, content, token);
        content[length / 2] ^= 1;
        await location.PutAsync(forged.Key, content.AsMemory(0, length), PutMode.Replace, token);
        var rebuild = harness.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<CatalogRebuild>().Single();

        Assert.Equal(2, await rebuild.RunAsync(token));
        Assert.Equal(0, await rebuild.RunAsync(token));

        var point = await harness.InAsync((PointCatalog catalog) => catalog.FindAsync("kept", token));
        Assert.Equal(kept.Components[0], point.Manifest.Components[0] with { Recipients = kept.Components[0].Recipients, Missing = kept.Components[0].Missing });
        Assert.Equal(kept.Id, point.Id);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_manifest_with_a_null_among_its_signatures_hides_no_other_and_ends_no_rebuild()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.Services.GetRequiredService<PointStore>().SaveAsync(Samples.Manifest("kept", Component.Evidence), harness.Services.GetRequiredService<PointSigner>(), token);
        await harness.Services.GetRequiredService<IObjectStore>().PutAsync(
            StoredPoint.At(Guid.CreateVersion7(), DateTimeOffset.UnixEpoch).Key,
            """{"payloadType":"application/vnd.stellaops.backup-manifest+json","payload":"e30=","signatures":[null]}"""u8.ToArray(), PutMode.Create, token);
        var rebuild = harness.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<CatalogRebuild>().Single();

        Assert.Equal(1, await rebuild.RunAsync(token));

        Assert.True(harness.Services.GetRequiredService<RebuildGate>().IsOpen);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_catalog_of_an_earlier_state_follows_the_location()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var (store, signer) = (harness.Services.GetRequiredService<PointStore>(), harness.Services.GetRequiredService<PointSigner>());
        var (dropped, thinned, archived, deleting) = (
            Samples.Manifest("dropped", Component.Evidence), Samples.Manifest("thinned", Component.Evidence, Component.Config),
            Samples.Manifest("archived", Component.Evidence), Samples.Manifest("deleting", Component.Evidence));
        await harness.InAsync(async (PointCatalog catalog) =>
        {
            foreach (var manifest in new[] { dropped, thinned, archived, deleting })
            {
                await catalog.AddAsync(PointRow.From(manifest), token);
            }
        });
        await harness.InAsync((CatalogContext catalog) => catalog.Points.Where(point => point.Name == "deleting").ExecuteUpdateAsync(set => set.SetProperty(point => point.Deleting, true), token));
        await harness.InAsync(async (IServiceProvider scope) =>
        {
            var damage = new Damage { Kind = "pack", Item = "f00", Detail = "is missing", Snapshots = [] };
            await scope.GetRequiredService<PointCatalog>().MarkDamagedAsync(Component.Evidence, thinned.Components[0].SnapshotId, [damage], token);
            await scope.GetRequiredService<CatalogContext>().SaveChangesAsync(token);
        });
        var again = Samples.Manifest("dropped", Component.Evidence);
        var url = "file:///offsite/archived.stella";
        await store.SaveAsync(again, signer, token);
        await store.SaveAsync(thinned with { Components = [thinned.Components[0]], Full = false }, signer, token);
        await store.SaveAsync(archived with { Archive = new PointCopy { Url = url, At = archived.FinishedAt, Bytes = 1, ManifestSha256 = new string('a', 64) } }, signer, token);
        var rebuild = harness.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<CatalogRebuild>().Single();

        Assert.Equal(4, await rebuild.RunAsync(token));
        Assert.Equal(0, await rebuild.RunAsync(token));

        Assert.Equal(again.Id, (await harness.InAsync((PointCatalog catalog) => catalog.FindAsync("dropped", token))).Id);
        var left = await harness.InAsync((PointCatalog catalog) => catalog.FindAsync("thinned", token));
        Assert.Equal((false, 1), (left.Full, left.Manifest.Components.Count));
        Assert.Equal("f00", Assert.Single(Assert.Single(left.Snapshots).Damages).Item);
        var elsewhere = await harness.InAsync((PointCatalog catalog) => catalog.FindAsync("archived", token));
        Assert.Equal(url, elsewhere.Manifest.Archive?.Url);
        Assert.Empty(elsewhere.Snapshots);
        Assert.True((await harness.InAsync((PointCatalog catalog) => catalog.FindAsync("deleting", token, deletingToo: true))).Deleting, "its deletion ends it");
    }

    [Fact(Timeout = 300_000)]
    public async Task A_location_without_any_point_takes_none_from_the_catalog()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.InAsync((PointCatalog catalog) => catalog.AddAsync(PointRow.From(Samples.Manifest("kept", Component.Evidence)), token));
        var rebuild = harness.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<CatalogRebuild>().Single();

        Assert.Equal(0, await rebuild.RunAsync(token));

        Assert.Equal("kept", (await harness.InAsync((PointCatalog catalog) => catalog.FindAsync("kept", token))).Name);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_catalog_that_refuses_a_point_is_not_taken_for_one_that_knows_it()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.Services.GetRequiredService<PointStore>().SaveAsync(Samples.Manifest("kept", Component.Evidence), harness.Services.GetRequiredService<PointSigner>(), token);
        var rebuild = harness.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<CatalogRebuild>().Single();
        await harness.InAsync((CatalogContext catalog) => catalog.Database.ExecuteSqlRawAsync(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'permission denied' USING ERRCODE = '42501'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON points FOR EACH ROW EXECUTE FUNCTION refuse();
            """, token));

        await Assert.ThrowsAsync<DbUpdateException>(() => rebuild.RunAsync(token));

        await harness.InAsync((CatalogContext catalog) => catalog.Database.ExecuteSqlRawAsync("DROP TRIGGER refuse ON points", token));
        Assert.Equal(1, await rebuild.RunAsync(token));
    }

    [Theory]
    [InlineData("unverified")]
    [InlineData("verified", "verified:pass", "verified:pass")]
    [InlineData("unverified", "verified:pass")]
    [InlineData("proven", "restored:pass", "restored:pass")]
    [InlineData("verified", "restored:pass", "verified:pass")]
    [InlineData("unverified", "restored:pass,restored:fail", "restored:pass")]
    [InlineData("proven", "restored:fail,restored:pass", "restored:pass")]
    [InlineData("proven", "restored:pass,verified:pass", "restored:pass")]
    public void A_point_is_worth_what_its_weakest_component_is(string expected, params string[] proofsOfComponents)
    {
        var components = new[] { Component.Database, Component.Evidence };
        var point = PointRow.From(Samples.Manifest("p", components));
        for (var i = 0; i < proofsOfComponents.Length; i++)
        {
            var minute = 0;
            foreach (var proof in proofsOfComponents[i].Split(','))
            {
                point.Proofs.Add(new ProofRow
                {
                    Component = components[i],
                    At = DateTimeOffset.UnixEpoch.AddMinutes(minute++),
                    Depth = proof.StartsWith("restored", StringComparison.Ordinal) ? ProofDepth.Restored : ProofDepth.Verified,
                    Passed = proof.EndsWith("pass", StringComparison.Ordinal),
                });
            }
        }

        Assert.Equal(expected, PointProof.Of(point));
    }

    private static string SnapshotOf(PointRow point) => point.Snapshots.Single(snapshot => snapshot.Component == Component.Evidence).SnapshotId;
}
