using System.Text.Json.Serialization;

namespace StellaOps.Backup.Storage;

/// <summary>Names of the documents that stores hold are pinned here.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LocationJson))]
[JsonSerializable(typeof(EpochJson))]
internal sealed partial class StorageJson : JsonSerializerContext;

internal sealed record LocationJson
{
    public string? Format { get; init; }
    public int Version { get; init; }
    public string? Id { get; init; }
}

/// <summary>Marker of an epoch.</summary>
internal sealed record EpochJson
{
    public DateTimeOffset StartedAt { get; init; }
}
