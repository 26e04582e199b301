using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Points;

namespace StellaOps.Backup.Contracts.Tests;

/// <summary>
/// What travels between processes of different versions. A change of a file in <c>wire/</c> may add members, and nothing else.
/// </summary>
public sealed class WireTests
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private static readonly JsonSerializerOptions Indented = new(Json) { WriteIndented = true };

    /// <summary>Everything that is sent, but for the two small values that are written as positional records.</summary>
    public static TheoryData<string> Messages =>
        [.. Types().Where(type => type != typeof(PhaseTime) && type != typeof(Migration)).Select(type => NameOf(type)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_is_written_as_it_always_was(string message) =>
        Golden.Match($"tests/Contracts.Tests/wire/{message}.json", JsonSerializer.Serialize(Sample.Of(Named(message)), Indented) + "\n");

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_is_read_back_as_it_was_written(string message)
    {
        var json = Written(message);
        AssertSame(json, JsonSerializer.Deserialize(json, Named(message), Json));
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_member_of_a_newer_version_is_ignored(string message)
    {
        var json = Written(message);
        json["ofANewerVersion"] = new JsonObject { ["value"] = 1 };
        AssertSame(Written(message), JsonSerializer.Deserialize(json, Named(message), Json));
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_without_a_required_member_is_refused(string message)
    {
        var type = Named(message);
        Assert.All(Sample.Required(type), member =>
        {
            var json = Written(message);
            Assert.True(json.Remove(NameOf(member)), $"{member.Name} is not written");
            Assert.Throws<JsonException>(() => JsonSerializer.Deserialize(json, type, Json));
        });
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_of_an_older_version_has_no_null_where_none_may_be(string message)
    {
        var type = Named(message);
        var json = Written(message);
        Assert.All(Sample.Optional(type), member => json.Remove(NameOf(member)));
        var back = JsonSerializer.Deserialize(json, type, Json);
        Assert.All(Sample.Optional(type).Where(member => !Sample.IsNullable(member)), member => Assert.NotNull(member.GetValue(back)));
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_is_a_sealed_record_without_positions(string message)
    {
        var type = Named(message);
        Assert.True(type.IsSealed);
        Assert.NotNull(type.GetConstructor(Type.EmptyTypes));
    }

    [Fact]
    public void Words_of_an_enum_and_their_numbers_stay()
    {
        var text = new StringBuilder();
        foreach (var type in typeof(Component).Assembly.GetExportedTypes().Where(type => type.IsEnum).OrderBy(type => type.Name, StringComparer.Ordinal))
        {
            foreach (var value in Enum.GetValues(type))
            {
                text.Append($"{type.Name} {JsonSerializer.Serialize(value, type, Json)} {Convert.ToInt32(value, null)}\n");
            }
        }

        Golden.Match("tests/Contracts.Tests/wire/enums.txt", text.ToString());
    }

    private static void AssertSame(JsonObject expected, object? actual) =>
        Assert.Equal(expected.ToJsonString(), JsonSerializer.SerializeToNode(actual, Json)!.ToJsonString());

    private static IEnumerable<Type> Types() => typeof(Component).Assembly.GetExportedTypes().Where(type =>
        type is { IsClass: true, IsAbstract: false, IsGenericTypeDefinition: false }
        && type != typeof(ErrorCode)
        && type.GetMethod("<Clone>$") is not null)
        .Append(typeof(Page<EventView>));

    private static Type Named(string name) => Types().Single(type => NameOf(type) == name);

    private static JsonObject Written(string message) => JsonSerializer.SerializeToNode(Sample.Of(Named(message)), Json)!.AsObject();

    private static string NameOf(Type type) => type.Name.Split('`')[0];

    private static string NameOf(PropertyInfo member) =>
        member.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(member.Name);
}
