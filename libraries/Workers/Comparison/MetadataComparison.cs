using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Workers.Comparison;

/// <summary>Compares what a restore sets besides content.</summary>
internal static class MetadataComparison
{
    private const uint SetIdBits = 0xc00; // setuid and setgid

    /// <summary>Only root can give files away.</summary>
    private static readonly bool OwnersCount = Environment.IsPrivilegedProcess;

    /// <summary>The first difference; null when there is none.</summary>
    public static string? Difference(Node node, SourceEntry entry) => Difference(node, entry, OwnersCount);

    internal static string? Difference(Node node, SourceEntry entry, bool ownersCount)
    {
        var (saved, found) = (node.Metadata, entry.Metadata);
        var isOwned = saved.UserId == found.UserId && saved.GroupId == found.GroupId;

        // Where it cannot give a file its owner, a restore does not let it run as another one either.
        var ignored = isOwned || ownersCount ? 0 : SetIdBits;
        if (node.Type != NodeType.Symlink && ((saved.Permissions ^ found.Permissions) & ~ignored) != 0)
        {
            return $"has mode {Convert.ToString(found.Permissions, 8)}, not {Convert.ToString(saved.Permissions, 8)}";
        }

        if (ownersCount && !isOwned)
        {
            return $"belongs to {found.UserId}:{found.GroupId}, not {saved.UserId}:{saved.GroupId}";
        }

        return saved.Modified != found.Modified ? "has another time of modification" : null;
    }
}
