using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Points.Manifests;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Portable.Reading;

/// <summary>The snapshots that a point's manifest names: two archives of the same ones bring back the same.</summary>
public static class HeldSnapshots
{
    private const int LargestManifest = 64 << 20;

    /// <summary>Whether an archive holds what a manifest of its point names. Signatures are not looked at.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="manifest">Reads a small file of another archive of the point, by its path.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BackupException"><see cref="ErrorCodes.Damaged"/> or <see cref="ErrorCodes.VersionMismatch"/>.</exception>
    /// <exception cref="StorageException">What the store refused.</exception>
    public static async Task<bool> AreInAsync(ArchiveStore archive, Func<string, byte[]> manifest, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(archive);
        ArgumentNullException.ThrowIfNull(manifest);
        var path = StoredPoint.At(archive.Manifest.PointId, archive.Manifest.PointStartedAt).Key;
        return Of(await archive.ReadAllAsync(path, LargestManifest, cancellationToken).ConfigureAwait(false)).SetEquals(Of(manifest(path)));
    }

    private static HashSet<string> Of(byte[] envelope) =>
        [.. ManifestCodec.Decode(SignedEnvelope.Parse(envelope).Payload).Components.Select(snapshot => $"{snapshot.Component} {snapshot.Cluster} {snapshot.SnapshotId}")];
}
