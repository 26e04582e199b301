using System.Security.Cryptography;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Restores;
using StellaOps.Backup.Coordinator.Tests.Stack;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Portable.Format;
using StellaOps.Backup.Portable.Manifests;
using StellaOps.Backup.Portable.Writing;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Testing.Machine;
using StellaOps.Backup.Testing.Postgres;

namespace StellaOps.Backup.Coordinator.Tests.Restores;

/// <summary>Whose signatures count when a point comes from an archive.</summary>
public sealed class ArchivedPointsTests(PostgresFixture postgres) : IDisposable
{
    private readonly TemporaryDirectory _offsite = new("stella-offsite-");

    public void Dispose() => _offsite.Dispose();

    /// <summary>The key of the installation was exchanged between the backup and the copy, and neither key is left.</summary>
    [Fact(Timeout = 300_000)]
    public async Task A_new_installation_restores_a_point_that_an_earlier_key_has_signed()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        var point = Samples.Manifest("nightly", Component.Evidence);
        using var earlier = Signer();
        using var later = Signer();
        await WriteAsync(point, earlier, later, token);

        var read = await harness.InAsync((ArchivedPoints points) => points.ReadAsync(_offsite["nightly.tar.gz"], trustKey: null, token));

        Assert.Equal((point.Id, "nightly", point.Components[0].SnapshotId), (read.Row.Id, read.Row.Name, read.Row.Snapshots.Single().SnapshotId));
    }

    [Fact(Timeout = 300_000)]
    public async Task An_installation_with_points_of_its_own_wants_to_be_told_whose_key_counts()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        await harness.InAsync((PointCatalog catalog) => catalog.AddAsync(PointRow.From(Samples.Manifest("own", Component.Evidence)), token));
        using var stranger = Signer();
        await WriteAsync(Samples.Manifest("nightly", Component.Evidence), stranger, stranger, token);
        async Task<string> ReadAsync(string? key) => (await harness.InAsync((ArchivedPoints points) => points.ReadAsync(_offsite["nightly.tar.gz"], key, token))).Row.Name;

        Assert.Equal(ErrorCodes.BadSignature, (await Assert.ThrowsAsync<BackupException>(() => ReadAsync(null))).Error);
        using var verifier = PointVerifier.FromPem(stranger.PublicKeyPem);
        Assert.Equal("nightly", await ReadAsync(verifier.KeyIds.Single()));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_manifest_of_the_point_that_is_not_the_signed_one_is_refused()
    {
        var token = TestContext.Current.CancellationToken;
        await using var harness = await CatalogHarness.StartAsync(postgres, token);
        using var signer = Signer();
        await WriteAsync(Samples.Manifest("nightly", Component.Evidence), signer, signer, token);
        var content = await File.ReadAllBytesAsync(_offsite["nightly.tar.gz"], token);
        var at = content.AsSpan().LastIndexOf("\"payload\":\"ey"u8) + 20;
        content[at] = content[at] == 'A' ? (byte)'B' : (byte)'A';
        await File.WriteAllBytesAsync(_offsite["nightly.tar.gz"], content, token);

        var refused = await Assert.ThrowsAsync<BackupException>(() => harness.InAsync((ArchivedPoints points) => points.ReadAsync(_offsite["nightly.tar.gz"], null, token)));
        Assert.Equal(ErrorCodes.Damaged, refused.Error);
    }

    private async Task WriteAsync(PointManifest point, PointSigner ofPoint, PointSigner ofArchive, CancellationToken token)
    {
        var content = ofPoint.Sign(point).ToJson();
        var key = StoredPoint.At(point.Id, point.StartedAt).Key;
        var envelope = ArchiveManifestCodec.Sign(new ArchiveManifest
        {
            Version = 1,
            PointId = point.Id,
            PointName = point.Name,
            Full = true,
            PointStartedAt = point.StartedAt,
            PublicKey = ofArchive.PublicKeyPem,
            Members = [new ArchiveMember { Path = key, Length = content.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(content)) }],
            Lists = [],
        }, ofArchive);
        var place = ObjectStoreFactory.Open(_offsite.Path);
        await using var stream = new ArchiveStream(ArchivePlan.Make(envelope, []), (member, _) => ValueTask.FromResult(member.Path == key ? content : envelope));
        await place.PutAsync("nightly.tar.gz", stream, PutMode.Create, token);
    }

    private PointSigner Signer()
    {
        var file = _offsite[$"{Guid.NewGuid():n}.pem"];
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(file, key.ExportPkcs8PrivateKeyPem());
        return PointSigner.FromPemFile(file);
    }
}
