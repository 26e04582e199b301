using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Archives;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Portable;
using StellaOps.Backup.Portable.Reading;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Restores;

/// <summary>
/// Reads the manifests of archives, and decides whose signature counts. An installation without a full point of its own is taken for a new one after a
/// loss: it knows no keys, and believes the one in the archive, for what is restored is authenticated by the passwords of the repositories anyway.
/// </summary>
internal sealed class ArchivedPoints(PointCatalog points, PointVerifier trusted, IOptions<LocationSettings> location, TimeProvider clock)
{
    /// <exception cref="BackupException">
    /// There is no archive, it is damaged, or it is signed by a key that is not trusted (<c>integrity.bad-signature</c>).
    /// </exception>
    public async Task<ArchivedPoint> ReadAsync(string url, string? trustKey, CancellationToken cancellationToken)
    {
        var address = ArchiveAddress.Parse(url);
        try
        {
            await using var place = ObjectStoreFactory.Open(location.Value.ForArchives(address.Place), clock);
            var archive = await ArchiveOpening.OpenAsync(place, address.Key, cancellationToken);
            using var own = PointVerifier.FromPem(archive.Manifest.PublicKey);
            var verifier = await VerifierAsync(archive, own, trustKey, cancellationToken);
            verifier.Require(archive.Envelope);
            var stored = StoredPoint.At(archive.Manifest.PointId, archive.Manifest.PointStartedAt);
            var manifest = await new PointStore(archive, verifier).LoadAsync(stored, cancellationToken);
            return new ArchivedPoint(PointRow.From(manifest), new ArchiveSource { Url = url, ManifestSha256 = archive.ManifestSha256 });
        }
        catch (StorageException exception)
        {
            throw exception.ToBackupException($"{address.Place.Split('?')[0]}/{address.Key} could not be read");
        }
    }

    private async Task<PointVerifier> VerifierAsync(ArchiveStore archive, PointVerifier own, string? trustKey, CancellationToken cancellationToken)
    {
        var key = own.KeyIds.Single();
        if (trusted.KeyIds.Contains(key, StringComparer.Ordinal))
        {
            return trusted;
        }

        if (trustKey is not null ? trustKey == key : !await points.All.AnyAsync(point => point.Full, cancellationToken))
        {
            return own;
        }

        throw new BackupException(
            ErrorCodes.BadSignature,
            $"{archive.Description} is signed by the key {key}, which is not trusted here",
            $"When it is that of your former installation, repeat the command with --trust-key {key}, or add its public half to Coordinator:TrustedPointKeyFiles.");
    }
}
