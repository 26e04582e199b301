using System.Text.Json;
using System.Text.Json.Serialization;
using StellaOps.Backup.Wal.Ledger;

namespace StellaOps.Backup.Wal.Manifests;

/// <summary>Documents of the archive: JSON, camelCase, positions as PostgreSQL prints them, times RFC 3339.</summary>
internal static class WalJson
{
    public const int Version = 1;

    public static byte[] Write<T>(T document) => JsonSerializer.SerializeToUtf8Bytes(document, typeof(T), WalJsonContext.Default);

    /// <summary>Null when it is not readable, or of a version that is not known.</summary>
    public static T? TryRead<T>(byte[] content)
        where T : class, IWalDocument
    {
        try
        {
            return JsonSerializer.Deserialize(content, typeof(T), WalJsonContext.Default) is T { Version: Version } document ? document : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A document with the version of its format.</summary>
internal interface IWalDocument
{
    int Version { get; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(LsnConverter)], UseStringEnumConverter = true)]
[JsonSerializable(typeof(RangeManifest))]
[JsonSerializable(typeof(ArchiveState))]
[JsonSerializable(typeof(WalGap))]
internal sealed partial class WalJsonContext : JsonSerializerContext;
