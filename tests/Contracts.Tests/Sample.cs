using System.Reflection;
using System.Runtime.CompilerServices;

namespace StellaOps.Backup.Contracts.Tests;

/// <summary>A message with every member set, the same in every run.</summary>
internal static class Sample
{
    private static readonly NullabilityInfoContext Nullability = new();

    public static object Of(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Of(underlying);
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
        {
            var items = Array.CreateInstance(type.GenericTypeArguments[0], 1);
            items.SetValue(Of(type.GenericTypeArguments[0]), 0);
            return items;
        }

        return type switch
        {
            _ when type == typeof(string) => "text",
            _ when type == typeof(Guid) => Guid.Parse("0196a1b2-0000-7000-8000-00000000002a"),
            _ when type == typeof(DateTimeOffset) => new DateTimeOffset(2026, 1, 17, 10, 30, 0, TimeSpan.Zero),
            _ when type == typeof(TimeSpan) => TimeSpan.FromSeconds(90.5),
            _ when type == typeof(bool) => true,
            _ when type == typeof(int) => 3,
            _ when type == typeof(long) => 4_294_967_296L,
            _ when type == typeof(double) => 1.5,
            _ when type == typeof(IReadOnlyDictionary<string, string>) => new Dictionary<string, string> { ["name"] = "value" },
            { IsEnum: true } => Enum.GetValues(type).GetValue(0)!,
            _ => Message(type),
        };
    }

    /// <summary>Members that a message cannot do without.</summary>
    public static IEnumerable<PropertyInfo> Required(Type type) =>
        Properties(type).Where(property => property.IsDefined(typeof(RequiredMemberAttribute)));

    /// <summary>Members that older senders do not know, and that must mean something when they are absent.</summary>
    public static IEnumerable<PropertyInfo> Optional(Type type) =>
        Properties(type).Where(property => !property.IsDefined(typeof(RequiredMemberAttribute)));

    public static bool IsNullable(PropertyInfo property) => Nullability.Create(property).ReadState == NullabilityState.Nullable;

    private static object Message(Type type)
    {
        var message = RuntimeHelpers.GetUninitializedObject(type);
        foreach (var property in Properties(type))
        {
            property.SetValue(message, Of(property.PropertyType));
        }

        return message;
    }

    private static IEnumerable<PropertyInfo> Properties(Type type) => type.GetProperties().Where(property => property.CanWrite);
}
