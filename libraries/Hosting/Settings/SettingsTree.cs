using System.Collections;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace StellaOps.Backup.Hosting.Settings;

/// <summary>A section as a tree: a type has settings, each a value, a list or a dictionary, or a group with settings of its own.</summary>
internal static class SettingsTree
{
    /// <summary>The settings of a section and the groups in them, each with its path.</summary>
    public static IEnumerable<(string Path, object Settings)> Groups(string path, object? value) => value switch
    {
        null or string or ValueType => [],
        IEnumerable items => items.Cast<object?>().SelectMany((item, at) => Groups($"{path}:{at}", item)),
        _ => [(path, value), .. Bound(value.GetType()).SelectMany(property => Groups($"{path}:{property.Name}", property.GetValue(value)))],
    };

    /// <summary>Keys below <paramref name="section"/> that nothing of <paramref name="type"/> is read from, and what there is in their place.</summary>
    public static IEnumerable<string> Unknown(IConfigurationSection section, Type type)
    {
        if (ItemOf(type) is { } item)
        {
            return section.GetChildren().SelectMany(child => Unknown(child, item));
        }

        var known = Bound(type).ToDictionary(property => property.Name, property => property.PropertyType, StringComparer.OrdinalIgnoreCase);
        var instead = known.Count == 0 ? $"{section.Path} is one value" : $"{section.Path} has {string.Join(", ", known.Keys)}";
        return section.GetChildren().SelectMany(child => known.TryGetValue(child.Key, out var inner)
            ? Unknown(child, inner)
            : [$"setting {child.Path} is not known: {instead}"]);
    }

    /// <summary>What configuration is bound to: a value (text, number, choice) has nothing of the kind.</summary>
    private static IEnumerable<PropertyInfo> Bound(Type type) => type.GetProperties().Where(property => property.SetMethod is { IsPublic: true });

    private static Type? ItemOf(Type type) => type.IsArray ? type.GetElementType()
        : type.IsGenericType && type.IsAssignableTo(typeof(IEnumerable)) ? type.GetGenericArguments()[^1]
        : null;
}
