using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Workers.Comparison;

/// <summary>Compares what a restore sets besides content.</summary>
internal static class MetadataComparison
{
    /// <summary>Only root can give files away.</summary>
    private static readonly bool OwnersCount = Environment.IsPrivilegedProcess;

    /// <summary>The first difference; null when there is none.</summary>
    public static string? Difference(Node node, SourceEntry entry)
    {
        var (saved, found) = (node.Metadata, entry.Metadata);
        if (node.Type != NodeType.Symlink && saved.Permissions != found.Permissions)
        {
            return $"has mode {Convert.ToString(found.Permissions, 8)}, not {Convert.ToString(saved.Permissions, 8)}";
        }

        if (OwnersCount && (saved.UserId != found.UserId || saved.GroupId != found.GroupId))
        {
            return $"belongs to {found.UserId}:{found.GroupId}, not {saved.UserId}:{saved.GroupId}";
        }

        return saved.Modified != found.Modified ? "has another time of modification" : null;
    }
}
