using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace StellaOps.Backup.Wal.Manifests;

/// <summary>
/// Documents of the archive: JSON, camelCase, positions as PostgreSQL prints them, times RFC 3339. By reflection: generated code would set
/// lists that a document does not have to null in place of empty.
/// </summary>
internal static class WalJson
{
    public const int Version = 1;

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new LsnConverter(), new JsonStringEnumConverter() },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    public static byte[] Write<T>(T document) => JsonSerializer.SerializeToUtf8Bytes(document, Options);

    /// <summary>Null when it is not readable, or of a version that is not known.</summary>
    public static T? TryRead<T>(byte[] content)
        where T : class, IWalDocument
    {
        try
        {
            return JsonSerializer.Deserialize<T>(content, Options) is { Version: Version } document ? document : null;
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
