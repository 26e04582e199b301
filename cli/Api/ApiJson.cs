using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using StellaOps.Backup.Contracts.Json;

namespace StellaOps.Backup.Cli.Api;

/// <summary>JSON of the API, for reading answers and for <c>--format json</c>; of the types that <see cref="AnswersContext"/> and <see cref="ResultsContext"/> list.</summary>
internal static class ApiJson
{
    private static readonly JsonSerializerOptions Lines = Create(indented: false), Indented = Create(indented: true);

    /// <summary>A document on one line.</summary>
    public static string Line<T>(T value) => JsonSerializer.Serialize(value, Of<T>());

    /// <summary>On one line, an object whose only member is <paramref name="name"/>, a word in lower case.</summary>
    public static string Line<T>(string name, T value) => $"{{\"{name}\":{Line(value)}}}";

    /// <summary>An indented document.</summary>
    public static string Document<T>(T value) => JsonSerializer.Serialize(value, (JsonTypeInfo<T>)Indented.GetTypeInfo(typeof(T)));

    /// <exception cref="JsonException">It is null, or not a <typeparamref name="T"/>.</exception>
    public static T Read<T>(string json) => JsonSerializer.Deserialize(json, Of<T>()) ?? throw new JsonException("it is null");

    /// <summary>How to read a type, and write it on one line.</summary>
    public static JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)Of(typeof(T));

    /// <inheritdoc cref="Of{T}"/>
    public static JsonTypeInfo Of(Type type) => Lines.GetTypeInfo(type);

    private static JsonSerializerOptions Create(bool indented) => new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = indented,
        Converters = { new UtcTimeConverter() },
        TypeInfoResolver = JsonTypeInfoResolver.Combine(AnswersContext.Default, ResultsContext.Default),
    };
}
