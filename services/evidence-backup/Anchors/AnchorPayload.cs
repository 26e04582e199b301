using System.Text.Json.Serialization;

namespace StellaOps.Backup.EvidenceBackup.Anchors;

/// <summary>What an anchor says and signs. Members that are not known are ignored: the signature covers them all the same.</summary>
internal sealed record AnchorPayload
{
    /// <summary>Type of the DSSE payload.</summary>
    public const string Type = "application/vnd.stella-evidence-anchor+json";

    /// <summary>The only version that is known.</summary>
    public const int Version = 1;

    public required int SchemaVersion { get; init; }

    /// <summary>From 1 on, without a gap.</summary>
    public required long Sequence { get; init; }

    /// <summary>SHA-256 of the file of the anchor before, lower-case hex; null of the first one.</summary>
    public string? Previous { get; init; }

    /// <summary>The artifacts that it covers came in between; the end belongs to the next window.</summary>
    public required DateTimeOffset WindowStart { get; init; }
    public required DateTimeOffset WindowEnd { get; init; }
    public required long LeafCount { get; init; }

    /// <summary>Root of the Merkle tree over the lines of its list, lower-case hex.</summary>
    public required string RootHash { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AnchorPayload))]
internal sealed partial class AnchorJson : JsonSerializerContext;
