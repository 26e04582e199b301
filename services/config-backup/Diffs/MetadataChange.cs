using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.ConfigBackup.Diffs;

/// <summary>What differs between two versions of an entry besides its content, in words. Values of attributes are not shown.</summary>
internal static class MetadataChange
{
    /// <returns>Null when it is nothing, or the time of modification only.</returns>
    public static string? Of(NodeMetadata old, NodeMetadata now)
    {
        List<string> changes = [];
        if (old.Permissions != now.Permissions)
        {
            changes.Add($"mode {Mode(now)}, before {Mode(old)}");
        }

        if ((old.UserId, old.GroupId) != (now.UserId, now.GroupId))
        {
            changes.Add($"owner {now.UserId}:{now.GroupId}, before {old.UserId}:{old.GroupId}");
        }

        if (old.Device != now.Device)
        {
            changes.Add("device");
        }

        var attributes = string.Join(", ", Attributes(old, now));
        if (attributes.Length > 0)
        {
            changes.Add($"attributes {attributes}");
        }

        return changes.Count == 0 ? null : string.Join("; ", changes);
    }

    /// <summary>Names of the extended attributes (access control lists are such) that only one side has, or both with different values.</summary>
    private static IEnumerable<string> Attributes(NodeMetadata old, NodeMetadata now) => old.ExtendedAttributes.Concat(now.ExtendedAttributes)
        .GroupBy(attribute => attribute.Name, StringComparer.Ordinal)
        .Where(sides => sides.Count() != 2 || !sides.First().Value.Span.SequenceEqual(sides.Last().Value.Span))
        .Select(sides => sides.Key);

    private static string Mode(NodeMetadata metadata) => Convert.ToString(metadata.Permissions, 8).PadLeft(4, '0');
}
