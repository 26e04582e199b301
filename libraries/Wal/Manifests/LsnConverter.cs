using System.Text.Json;
using System.Text.Json.Serialization;
using StellaOps.Backup.Postgres;

namespace StellaOps.Backup.Wal.Manifests;

/// <summary>Positions as <c>16/B374D848</c>.</summary>
internal sealed class LsnConverter : JsonConverter<Lsn>
{
    public override Lsn Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Lsn.TryParse(reader.GetString(), out var lsn) ? lsn : throw new JsonException("not a log sequence number");

    public override void Write(Utf8JsonWriter writer, Lsn value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
