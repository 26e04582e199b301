using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Points.Manifests;

namespace StellaOps.Backup.Points.Signing;

/// <summary>
/// A DSSE envelope as it is stored (https://github.com/secure-systems-lab/dsse): payload and signatures in base64. Any tool that
/// knows DSSE can verify it.
/// </summary>
public sealed record SignedEnvelope
{
    /// <summary>Type of the payload of a recovery point.</summary>
    public const string ManifestType = "application/vnd.stellaops.backup-manifest+json";

    public required string PayloadType { get; init; }
    public required byte[] Payload { get; init; }
    public required IReadOnlyList<EnvelopeSignature> Signatures { get; init; }

    /// <summary>The envelope as JSON, UTF-8.</summary>
    public byte[] ToJson() => PointJson.Write(this);

    /// <summary>Reads an envelope; nothing in it is trusted yet.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.Damaged"/>.</exception>
    public static SignedEnvelope Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return PointJson.Read<SignedEnvelope>(json);
        }
        catch (JsonException e)
        {
            throw new BackupException(ErrorCodes.Damaged, $"the file is not a whole DSSE envelope: {e.Message}", inner: e);
        }
    }

    /// <summary>The bytes that are signed: <c>"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body</c>, lengths in bytes, in decimal.</summary>
    public static byte[] PreAuthenticationEncoding(string payloadType, ReadOnlySpan<byte> payload)
    {
        ArgumentNullException.ThrowIfNull(payloadType);
        var head = Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"DSSEv1 {Encoding.UTF8.GetByteCount(payloadType)} {payloadType} {payload.Length} "));
        return [.. head, .. payload];
    }
}

/// <summary>One signature of an envelope.</summary>
public sealed record EnvelopeSignature
{
    /// <summary>Names the key; a hint that is not itself signed.</summary>
    [JsonPropertyName("keyid")]
    public string? KeyId { get; init; }

    /// <summary>ECDSA signature in DER.</summary>
    public required byte[] Sig { get; init; }
}
