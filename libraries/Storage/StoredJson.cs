using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace StellaOps.Backup.Storage;

/// <summary>Rules for documents of a location, whoever wrote them.</summary>
public static class StoredJson
{
    /// <summary>
    /// Modifier of a resolver: a list that has null among its elements makes the document unreadable, as a null member does. That of a member
    /// <see cref="JsonSerializerOptions.RespectNullableAnnotations"/> finds, and it does not look into lists.
    /// </summary>
    public static void RefuseNullElements(JsonTypeInfo type)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (type.Kind != JsonTypeInfoKind.Object)
        {
            return;
        }

        var lists = type.Properties.Where(member => member.Get is not null && typeof(IEnumerable<object>).IsAssignableFrom(member.PropertyType)).ToList();
        if (lists.Count > 0)
        {
            type.OnDeserialized = document =>
            {
                if (lists.Find(member => member.Get!(document) is IEnumerable<object?> elements && elements.Contains(null)) is { } list)
                {
                    throw new JsonException($"'{list.Name}' has an element that is null");
                }
            };
        }
    }
}
