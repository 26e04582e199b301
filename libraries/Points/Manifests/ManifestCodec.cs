using System.Text.Json;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;

namespace StellaOps.Backup.Points.Manifests;

/// <summary>
/// Manifest to bytes and back. Canonical: equal manifests give equal bytes (members in the order in which
/// <see cref="PointManifest"/> declares them, camelCase, compact UTF-8, times in UTC, members that are null left out, as are the lists that were added later when they are empty).
/// Members that this version does not know are ignored; a manifest of another version is refused.
/// </summary>
public static class ManifestCodec
{
    /// <summary>The canonical bytes.</summary>
    public static byte[] Encode(PointManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (manifest.Version != PointManifest.CurrentVersion)
        {
            throw new ArgumentException($"writes version {PointManifest.CurrentVersion} only, not {manifest.Version}", nameof(manifest));
        }

        return PointJson.Write(manifest);
    }

    /// <summary>Reads a manifest; call it only on bytes whose signature was verified.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.VersionMismatch"/> or <see cref="ErrorCodes.Damaged"/>.</exception>
    public static PointManifest Decode(ReadOnlySpan<byte> content)
    {
        try
        {
            // The version first: a later format may have changed everything else.
            var version = PointJson.Read<VersionOnly>(content).Version;
            return version == PointManifest.CurrentVersion
                ? PointJson.Read<PointManifest>(content)
                : throw new BackupException(
                    ErrorCodes.VersionMismatch,
                    $"the manifest has format version {version}, this product reads version {PointManifest.CurrentVersion}",
                    "Use a newer version of this product to read this point.");
        }
        catch (JsonException e)
        {
            throw new BackupException(ErrorCodes.Damaged, $"the manifest is not what a manifest should be: {e.Message}", inner: e);
        }
    }

    private sealed record VersionOnly
    {
        public required int Version { get; init; }
    }
}
