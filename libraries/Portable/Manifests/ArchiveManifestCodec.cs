using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Portable.Manifests;

/// <summary>The manifest as the envelope that is stored, and back.</summary>
public static class ArchiveManifestCodec
{
    /// <summary>Type of the payload.</summary>
    public const string PayloadType = "application/vnd.stellaops.backup-archive+json";

    private static readonly JsonSerializerOptions Reading =
        new(ArchiveJson.Default.Options) { TypeInfoResolver = ArchiveJson.Default.WithAddedModifier(StoredJson.RefuseNullElements) };

    /// <summary>Encodes and signs a manifest.</summary>
    public static byte[] Sign(ArchiveManifest manifest, PointSigner signer)
    {
        ArgumentNullException.ThrowIfNull(signer);
        return signer.Sign(JsonSerializer.SerializeToUtf8Bytes(manifest, ArchiveJson.Default.ArchiveManifest), PayloadType).ToJson();
    }

    /// <summary>Reads the manifest in an envelope, whose signature is not looked at.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.VersionMismatch"/> or <see cref="ErrorCodes.Damaged"/>.</exception>
    public static ArchiveManifest Decode(SignedEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        if (envelope.PayloadType != PayloadType)
        {
            throw new BackupException(ErrorCodes.Damaged, $"it begins with '{envelope.PayloadType}', not with the manifest of an archive");
        }

        try
        {
            // The version first: a later format may have changed everything else.
            var version = JsonSerializer.Deserialize(envelope.Payload, ArchiveJson.Default.ArchiveVersion)?.Version;
            return version == ArchiveManifest.CurrentVersion
                ? JsonSerializer.Deserialize(envelope.Payload, (JsonTypeInfo<ArchiveManifest>)Reading.GetTypeInfo(typeof(ArchiveManifest)))!
                : throw new BackupException(
                    ErrorCodes.VersionMismatch,
                    $"the archive has format version {version}, this product reads version {ArchiveManifest.CurrentVersion}",
                    "Use a newer version of this product; tar and restic read the archive in any case.");
        }
        catch (JsonException exception)
        {
            throw new BackupException(ErrorCodes.Damaged, $"its manifest is not what one should be: {exception.Message}", inner: exception);
        }
    }
}

/// <summary>The member that every version has.</summary>
internal sealed record ArchiveVersion
{
    public required int Version { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(ArchiveManifest))]
[JsonSerializable(typeof(ArchiveVersion))]
internal sealed partial class ArchiveJson : JsonSerializerContext;
