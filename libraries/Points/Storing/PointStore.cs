using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Points.Storing;

/// <summary>
/// The recovery points of a location: the truth from which the catalog can be rebuilt. A manifest is written once, last of all
/// that belongs to its point. It is replaced, signed anew, when the point loses a component to the retention or gets one back.
/// </summary>
public sealed class PointStore(IObjectStore store, PointVerifier verifier)
{
    /// <summary>Larger than any manifest; what exceeds it is not read into memory.</summary>
    public const int MaxLength = 64 * 1024 * 1024;

    /// <summary>
    /// Signs and stores a manifest. May be repeated: the manifest that the same operation stored before stands, whatever another version of this product
    /// would write into it. When the task ends the point is durable: it exists, whatever happens to the catalog.
    /// </summary>
    /// <returns>The manifest that is stored.</returns>
    /// <exception cref="BackupException">
    /// <see cref="ErrorCodes.DuplicateName"/>: a manifest of another operation has this id. Else what the location refused.
    /// </exception>
    public async Task<PointManifest> SaveAsync(PointManifest manifest, PointSigner signer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(signer);
        var point = StoredPoint.At(manifest.Id, manifest.StartedAt);
        try
        {
            await store.PutAsync(point.Key, signer.Sign(manifest).ToJson(), PutMode.Create, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException e) when (e.Failure == StorageFailure.AlreadyExists)
        {
            // A save that was durable but whose answer was lost, or of a coordinator that died after it and was upgraded since: then its bytes differ.
            var existing = await LoadAsync(point, cancellationToken).ConfigureAwait(false);
            return existing.OperationId == manifest.OperationId ? existing : throw new BackupException(
                ErrorCodes.DuplicateName, $"{Where(point)} exists and holds another manifest; a point is never overwritten", inner: e);
        }
        catch (StorageException e)
        {
            throw e.ToBackupException($"the manifest {Where(point)} could not be written");
        }

        return manifest;
    }

    /// <summary>Stores another manifest of a point in place of the one that is there, or anew.</summary>
    /// <exception cref="BackupException">What the location refused: then the old one stands.</exception>
    public async Task ReplaceAsync(PointManifest manifest, PointSigner signer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(signer);
        var point = StoredPoint.At(manifest.Id, manifest.StartedAt);
        try
        {
            await store.PutAsync(point.Key, signer.Sign(manifest).ToJson(), PutMode.Replace, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            throw e.ToBackupException($"the manifest {Where(point)} could not be replaced");
        }
    }

    /// <summary>Stores a signed manifest of another location as it is, in place of what is there of its point.</summary>
    /// <exception cref="BackupException">What the location refused: then the old one stands.</exception>
    public async Task PutAsync(StoredPoint point, SignedEnvelope envelope, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        try
        {
            await store.PutAsync(point.Key, envelope.ToJson(), PutMode.Replace, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            throw e.ToBackupException($"the manifest {Where(point)} could not be written");
        }
    }

    /// <summary>Reads and verifies one manifest.</summary>
    /// <exception cref="BackupException">
    /// <see cref="ErrorCodes.PointNotFound"/>, <see cref="ErrorCodes.BadSignature"/>, <see cref="ErrorCodes.Damaged"/>,
    /// <see cref="ErrorCodes.VersionMismatch"/>, or what the location refused. The message names the object.
    /// </exception>
    public async Task<PointManifest> LoadAsync(StoredPoint point, CancellationToken cancellationToken = default) =>
        (await LoadBothAsync(point, cancellationToken).ConfigureAwait(false)).Manifest;

    /// <summary>The same as it is stored, to be stored elsewhere.</summary>
    /// <exception cref="BackupException">As of <see cref="LoadAsync"/>.</exception>
    public async Task<SignedEnvelope> LoadEnvelopeAsync(StoredPoint point, CancellationToken cancellationToken = default) =>
        (await LoadBothAsync(point, cancellationToken).ConfigureAwait(false)).Envelope;

    private async Task<(SignedEnvelope Envelope, PointManifest Manifest)> LoadBothAsync(StoredPoint point, CancellationToken cancellationToken)
    {
        try
        {
            var envelope = SignedEnvelope.Parse(await ReadAsync(point, cancellationToken).ConfigureAwait(false));
            var manifest = verifier.Open(envelope);
            return StoredPoint.At(manifest.Id, manifest.StartedAt) == point
                ? (envelope, manifest)
                : throw new BackupException(ErrorCodes.Damaged, $"it is the manifest of point {manifest.Id}, put under a false name");
        }
        catch (StorageException e)
        {
            throw e.ToBackupException($"the manifest {Where(point)} could not be read");
        }
        catch (BackupException e)
        {
            throw new BackupException(e.Error, $"{Where(point)}: {e.Message}", e.Hint, e);
        }
    }

    /// <summary>All manifests, oldest month first, without reading them. Objects that are not manifests are passed over.</summary>
    /// <exception cref="BackupException">What the location refused.</exception>
    public async Task<IReadOnlyList<StoredPoint>> ListAsync(CancellationToken cancellationToken = default)
    {
        var points = new List<StoredPoint>();
        try
        {
            await foreach (var found in store.ListAsync(StoredPoint.Folder, cancellationToken).ConfigureAwait(false))
            {
                if (StoredPoint.TryParse(found.Key, out var point))
                {
                    points.Add(point);
                }
            }
        }
        catch (StorageException e)
        {
            throw e.ToBackupException($"the points in {store.Description} could not be listed");
        }

        points.Sort((left, right) => string.CompareOrdinal(left.Key, right.Key));
        return points;
    }

    /// <summary>Deletes a manifest; one that is gone counts as deleted. From then on the point does not exist.</summary>
    /// <exception cref="BackupException">What the location refused.</exception>
    public async Task DeleteAsync(StoredPoint point, CancellationToken cancellationToken = default)
    {
        try
        {
            await store.DeleteAsync(point.Key, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            throw e.ToBackupException($"the manifest {Where(point)} could not be deleted");
        }
    }

    private async Task<byte[]> ReadAsync(StoredPoint point, CancellationToken cancellationToken)
    {
        var found = await store.FindAsync(point.Key, cancellationToken).ConfigureAwait(false)
            ?? throw new BackupException(ErrorCodes.PointNotFound, "there is no such manifest");
        if (found.Length > MaxLength)
        {
            throw new BackupException(ErrorCodes.Damaged, $"{found.Length} bytes are too many for a manifest");
        }

        var content = new byte[found.Length];
        var read = await store.ReadAsync(point.Key, 0, content, cancellationToken).ConfigureAwait(false);
        return content[..read];
    }

    private string Where(StoredPoint point) => $"{store.Description.TrimEnd('/')}/{point.Key}";
}
