using System.Text.RegularExpressions;
using StellaOps.Backup.Postgres.Pages;

namespace StellaOps.Backup.Postgres.Files;

/// <summary>
/// What no base backup holds, because the server makes it anew or a copy would be harmed by it (PostgreSQL manual, "Backing Up
/// the Data Directory", and src/backend/backup/basebackup.c).
/// </summary>
public static partial class BackupExclusions
{
    /// <summary>Directories that are kept, and whose content is not.</summary>
    public static IReadOnlyList<string> EmptiedDirectories { get; } =
        ["pg_wal", "pg_replslot", "pg_dynshmem", "pg_notify", "pg_serial", "pg_snapshots", "pg_stat_tmp", "pg_subtrans"];

    private static readonly HashSet<string> RootFiles = new(StringComparer.Ordinal)
    {
        "postmaster.pid", "postmaster.opts", "backup_label", "backup_label.old", "tablespace_map", "tablespace_map.old", "backup_manifest",
        "postgresql.auto.conf.tmp", "current_logfiles", "current_logfiles.tmp", "recovery.signal", "standby.signal",
    };

    /// <summary>
    /// Takes a listing of the whole data directory and leaves out what does not belong into a backup, among it the relations
    /// that are unlogged (empty after every recovery, which restores them from their init fork) or temporary.
    /// </summary>
    public static IEnumerable<ClusterFile> Apply(IReadOnlyCollection<ClusterFile> listing)
    {
        var unlogged = listing
            .Where(file => RelationFile.TryParse(file.Path) is { Fork: "init" })
            .Select(file => (file.Directory, RelationFile.TryParse(file.Path)!.Value.FileNode))
            .ToHashSet();
        return listing.Where(file => !IsExcluded(file.Path)
            && !(RelationFile.TryParse(file.Path) is { Fork: not "init" } relation && unlogged.Contains((file.Directory, relation.FileNode))));
    }

    private static bool IsExcluded(string path)
    {
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        return (slash < 0 && (RootFiles.Contains(path) || path.StartsWith(".s.PGSQL.", StringComparison.Ordinal)))
            || (slash > 0 && EmptiedDirectories.Contains(path[..slash]))
            || Temporary().IsMatch(path);
    }

    // Temporary files and relations, and the relation cache that the server writes anew.
    [GeneratedRegex(@"(^|/)(pgsql_tmp[^/]*|pg_internal\.init[^/]*|t[0-9]+_[0-9]+(_[a-z]+)?(\.[0-9]+)?|\.DS_Store)(/|$)", RegexOptions.ExplicitCapture)]
    private static partial Regex Temporary();
}
