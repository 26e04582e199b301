using System.Text.Json;
using System.Text.Json.Serialization;

namespace StellaOps.Backup.Contracts.Json;

/// <summary>One spelling for one instant: RFC 3339 in UTC with a <c>Z</c>, whatever offset the value carries.</summary>
public sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(value.UtcDateTime);
    }
}
