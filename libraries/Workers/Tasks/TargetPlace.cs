using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.Workers.Tasks;

/// <summary>Places to which nothing is restored, however empty they are: they belong to somebody who would not know what lies there.</summary>
internal static class TargetPlace
{
    /// <param name="task">A task.</param>
    /// <param name="location">Where backups are.</param>
    /// <exception cref="BackupException">Its target lies in a data directory of PostgreSQL, or among the backups.</exception>
    public static void Check(RunTask task, IObjectStore location)
    {
        if ((task.Restore?.TargetDirectory ?? task.TestRestore?.TargetDirectory ?? task.Recovery?.TargetDirectory) is not { } target || !Path.IsPathFullyQualified(target))
        {
            return;
        }

        var full = Path.GetFullPath(target);
        if (Path.IsPathFullyQualified(location.Description) && PathRules.Contains(location.Description, full))
        {
            throw new BackupException(ErrorCodes.TargetNotEmpty, $"{target} lies in {location.Description}, where the backups are");
        }

        for (var directory = full; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (File.Exists(Path.Combine(directory, "PG_VERSION")) && Directory.Exists(Path.Combine(directory, "pg_wal")))
            {
                throw new BackupException(ErrorCodes.TargetNotEmpty, $"{target} lies in {directory}, a data directory of PostgreSQL");
            }
        }
    }
}
