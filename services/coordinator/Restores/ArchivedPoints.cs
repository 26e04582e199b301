using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Archives;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Points.Manifests;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Portable;
using StellaOps.Backup.Portable.Reading;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Decorators;

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
            await using var prompt = new PromptStore(place, LocationPatience.LongestElsewhere, clock);
            var archive = await ArchiveOpening.OpenAsync(prompt, address.Key, cancellationToken);
            using var own = OwnKey(archive);
            var verifier = await VerifierAsync(archive, own, trustKey, cancellationToken);
            verifier.Require(archive.Envelope);
            return new ArchivedPoint(PointRow.From(await PointAsync(archive, cancellationToken)), new ArchiveSource { Url = url, ManifestSha256 = archive.ManifestSha256 });
        }
        catch (StorageException exception)
        {
            throw exception.ToBackupException($"{address.Place.Split('?')[0]}/{address.Key} could not be read");
        }
    }

    private static PointVerifier OwnKey(ArchiveStore archive)
    {
        try
        {
            return PointVerifier.FromPem(archive.Manifest.PublicKey);
        }
        catch (BackupException exception)
        {
            throw new BackupException(ErrorCodes.Damaged, $"{archive.Description}: the public key in its manifest is none: {exception.Message}", inner: exception);
        }
    }

    /// <summary>
    /// The manifest of the point by its digest, which the signature of the archive covers. Its own signature may be of a key that was in use when the point was taken,
    /// and that nobody has any more.
    /// </summary>
    private static async Task<PointManifest> PointAsync(ArchiveStore archive, CancellationToken cancellationToken)
    {
        var stored = StoredPoint.At(archive.Manifest.PointId, archive.Manifest.PointStartedAt);
        try
        {
            var envelope = SignedEnvelope.Parse(await archive.ReadWholeAsync(stored.Key, cancellationToken));
            var manifest = ManifestCodec.Decode(envelope.Payload);
            return envelope.PayloadType == SignedEnvelope.ManifestType && manifest.Id == stored.Id
                ? manifest
                : throw new BackupException(ErrorCodes.Damaged, $"it is the manifest of point {manifest.Id}, or none");
        }
        catch (BackupException exception)
        {
            throw new BackupException(exception.Error, $"{archive.Description}/{stored.Key}: {exception.Message}", exception.Hint, exception);
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
