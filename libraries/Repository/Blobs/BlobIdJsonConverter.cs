using System.Text.Json;
using System.Text.Json.Serialization;

namespace StellaOps.Backup.Repository.Blobs;

/// <summary>Ids as 64 lower-case hexadecimal digits.</summary>
internal sealed class BlobIdJsonConverter : JsonConverter<BlobId>
{
    /// <inheritdoc/>
    public override BlobId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && BlobId.TryParse(reader.GetString().AsSpan(), out var id)
            ? id
            : throw new JsonException("an id is not 64 hexadecimal digits");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, BlobId value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
