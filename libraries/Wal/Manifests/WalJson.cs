using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Expiry;
using StellaOps.Backup.Wal.Ledger;

namespace StellaOps.Backup.Wal.Manifests;

/// <summary>
/// Documents of the archive: JSON, camelCase, positions as PostgreSQL prints them, times RFC 3339. A member that a document does not have is
/// the default of its type: see the getters of the lists.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    RespectNullableAnnotations = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(LsnConverter), typeof(JsonStringEnumConverter<GapState>)])]
[JsonSerializable(typeof(ArchiveState))]
[JsonSerializable(typeof(ExpiryMark))]
[JsonSerializable(typeof(PushedSegment))]
[JsonSerializable(typeof(RangeManifest))]
[JsonSerializable(typeof(WalGap))]
internal sealed partial class WalJson : JsonSerializerContext
{
    public const int Version = 1;

    public static byte[] Write<T>(T document)
        where T : class, IWalDocument => JsonSerializer.SerializeToUtf8Bytes(document, Of<T>());

    /// <summary>Null when it is not readable, or of a version that is not known.</summary>
    public static T? TryRead<T>(byte[] content)
        where T : class, IWalDocument
    {
        try
        {
            return JsonSerializer.Deserialize(content, Of<T>()) is { Version: Version } document ? document : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)Documents.Options.GetTypeInfo(typeof(T));

    /// <summary>A class of its own, so that it is made after the context.</summary>
    private static class Documents
    {
        internal static readonly JsonSerializerOptions Options = new(Default.Options) { TypeInfoResolver = Default.WithAddedModifier(StoredJson.RefuseNullElements) };
    }
}

/// <summary>A document with the version of its format.</summary>
internal interface IWalDocument
{
    int Version { get; }
}
