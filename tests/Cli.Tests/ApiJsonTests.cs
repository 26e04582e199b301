using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Cli.Tests;

/// <summary>The generated code for JSON reads and writes as reflection does.</summary>
public sealed class ApiJsonTests
{
    /// <summary>As <see cref="ApiJson"/>, by reflection.</summary>
    private static readonly JsonSerializerOptions Reflection = new(ApiJson.Of<OperationView>().Options) { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    /// <summary>Every body of the API.</summary>
    public static TheoryData<Type> Answers =>
    [
        .. Records(typeof(OperationView)).Where(type => type.Namespace == typeof(OperationView).Namespace && !type.IsGenericType),
        typeof(Page<OperationView>), typeof(Page<EventView>), typeof(Page<PointView>), typeof(Page<WalArchiveView>), typeof(IReadOnlyList<ServiceActionResult>), typeof(TaskProgress),
    ];

    [Fact]
    public void What_the_commands_print_has_generated_code() =>
        Assert.DoesNotContain(
            Records(typeof(ApiJson)).Where(type => type.Name.EndsWith("View", StringComparison.Ordinal)),
            type => !ApiJson.Of<OperationView>().Options.TryGetTypeInfo(type, out _));

    [Theory]
    [MemberData(nameof(Answers))]
    public void What_an_older_server_does_not_send_is_read_as_its_default(Type type)
    {
        var document = Least(type, all: false).ToJsonString();
        Assert.Equal(Text(JsonSerializer.Deserialize(document, type, Reflection)), Text(JsonSerializer.Deserialize(document, ApiJson.Of(type))));
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public void Every_member_is_read_and_written(Type type)
    {
        var document = Least(type, all: true).ToJsonString();
        var read = JsonSerializer.Deserialize(document, ApiJson.Of(type));
        Assert.Equal(Text(JsonSerializer.Deserialize(document, type, Reflection)), Text(read));
        Assert.Equal(Text(read), JsonSerializer.Serialize(read, ApiJson.Of(type)));
    }

    private static IEnumerable<Type> Records(Type neighbour) => neighbour.Assembly.GetTypes().Where(type => type.GetMethod("<Clone>$") is not null);

    private static string Text(object? value) => JsonSerializer.Serialize(value, value!.GetType(), Reflection);

    /// <summary>A document with the members that must be there, or with all, and one element in every list.</summary>
    private static JsonNode Least(Type type, bool all)
    {
        var info = Reflection.GetTypeInfo(Nullable.GetUnderlyingType(type) ?? type);
        return info.Kind switch
        {
            JsonTypeInfoKind.Object => new JsonObject(info.Properties.Where(member => all || member.IsRequired || type.GetConstructor(Type.EmptyTypes) is null)
                .Select(member => KeyValuePair.Create(member.Name, (JsonNode?)Least(member.PropertyType, all)))),
            JsonTypeInfoKind.Enumerable => new JsonArray(Least(info.ElementType!, all)),
            JsonTypeInfoKind.Dictionary => new JsonObject { ["key"] = Least(info.ElementType!, all) },
            _ => Value(info.Type),
        };
    }

    private static JsonNode Value(Type type) =>
        type == typeof(string) ? "text"
        : type == typeof(bool) ? true
        : type == typeof(Guid) ? "0196a1b2-0000-7000-8000-00000000002b"
        : type == typeof(DateTimeOffset) ? "2026-05-06T07:08:09Z"
        : type == typeof(TimeSpan) ? "00:00:05"
        : type.IsEnum ? JsonSerializer.SerializeToNode(Enum.GetValues(type).GetValue(0), type, Reflection)!
        : 7;
}
