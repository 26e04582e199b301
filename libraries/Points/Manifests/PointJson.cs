using System.Collections;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using StellaOps.Backup.Contracts.Json;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Points.Manifests;

/// <summary>The one form of JSON in <c>points/</c>.</summary>
internal static class PointJson
{
    // By reflection, not by source generation: generated code sets init-only members that are absent to null in place of their
    // default, and members will be added. A frozen sample in the tests fails when order, a name or a form changes.
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        AllowDuplicateProperties = false,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // names stay readable: this is no web page
        Converters = { new UtcTimeConverter() },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveOutEmptyAdditions, StoredJson.RefuseNullElements } },
    };

    // Lists that came after the first manifests: a manifest that has none keeps the bytes that it had before them.
    private static readonly HashSet<(Type Type, string Name)> Additions =
        [(typeof(ComponentSnapshot), "missing"), (typeof(DatabaseSummary), "rows"), (typeof(PointManifest), "copies")];

    public static byte[] Write<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Options);

    private static void LeaveOutEmptyAdditions(JsonTypeInfo type)
    {
        foreach (var member in type.Properties.Where(member => Additions.Contains((type.Type, member.Name))))
        {
            member.ShouldSerialize = (_, value) => value is ICollection { Count: > 0 };
        }
    }

    /// <exception cref="JsonException">The content is not a whole <typeparamref name="T"/>.</exception>
    public static T Read<T>(ReadOnlySpan<byte> content) where T : class =>
        JsonSerializer.Deserialize<T>(content, Options) ?? throw new JsonException("the document is null");
}
