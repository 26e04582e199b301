using System.Text.Json;
using System.Text.Json.Serialization;

namespace StellaOps.Backup.Hosting;

/// <summary>JSON of the HTTP interface: camelCase, enums by name, times RFC 3339, nulls left out.</summary>
public static class ServiceJson
{
    /// <summary>The options, for clients and tests.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    /// <summary>Makes other options the same.</summary>
    public static void Apply(JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.Converters.Add(new JsonStringEnumConverter());
    }

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        Apply(options);
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
