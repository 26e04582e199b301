using System.Text.RegularExpressions;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Workers.Files;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.Workers.Tasks;

/// <summary>Places that <c>--target</c> may not name, however empty they are: they belong to somebody who would not know what lies there.</summary>
internal static partial class TargetPlace
{
    /// <param name="task">A task.</param>
    /// <param name="location">Directory of the backups; null where they are not on this host.</param>
    /// <exception cref="BackupException">Its target lies in data of PostgreSQL, or among the backups, or around them.</exception>
    public static void Check(RunTask task, string? location)
    {
        if ((task.Restore?.TargetDirectory ?? task.TestRestore?.TargetDirectory ?? task.Recovery?.TargetDirectory) is not { } target || !Path.IsPathFullyQualified(target))
        {
            return;
        }

        // Behind a link, '..' is two places: above where the link leads for the system, and beside the link for .NET. Writers use both.
        Check(target, ResolvedPath.Of(target), location);
        Check(target, ResolvedPath.Of(Path.GetFullPath(target)), location);
    }

    private static void Check(string target, string place, string? location)
    {
        if (location is not null && ResolvedPath.Of(location) is var backups && (PathRules.Contains(backups, place) || PathRules.Contains(place, backups)))
        {
            throw new BackupException(ErrorCodes.TargetNotEmpty, $"{target} is no place beside {location}, where the backups are");
        }

        for (var directory = place; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (TablespaceVersion().IsMatch(Path.GetFileName(directory)) || (File.Exists(Path.Combine(directory, "PG_VERSION")) && Path.Exists(Path.Combine(directory, "pg_wal"))))
            {
                throw new BackupException(ErrorCodes.TargetNotEmpty, $"{target} lies in {directory}, which is data of PostgreSQL");
            }
        }
    }

    /// <summary>In a tablespace, each version of PostgreSQL has a directory: <c>PG_15_202209061</c>.</summary>
    [GeneratedRegex("^PG_[0-9]+_[0-9]+$")]
    private static partial Regex TablespaceVersion();
}
