using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.DatabaseBackup.Settings;

namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>Where a snapshot is restored to.</summary>
/// <param name="DataDirectory">The data directory.</param>
/// <param name="Root">Directory that takes the whole snapshot, tablespaces included; null for a restore in place.</param>
internal sealed record RestoreTarget(string DataDirectory, string? Root)
{
    /// <summary>What the result names: the data directory in place, else the directory that was asked for.</summary>
    public string Directory => Root ?? DataDirectory;

    /// <summary>Stands next to the target from the first change to the last; as long as it is there, the target is not whole.</summary>
    public string MarkerFile => $"{Directory}.restore-incomplete";

    /// <summary>True where a restore that breaks off would lose something.</summary>
    public bool HoldsData => Root is null && System.IO.Directory.Exists(DataDirectory) && System.IO.Directory.EnumerateFileSystemEntries(DataDirectory).Any();

    public static RestoreTarget Under(string root)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        return new RestoreTarget(Path.Combine(full, SnapshotLayout.DataDirectory), full);
    }

    /// <exception cref="BackupException">In place, on a worker that was not told where the data directory is.</exception>
    public static RestoreTarget For(string? directory, DatabaseSettings settings)
    {
        if (directory is not null)
        {
            return Path.IsPathFullyQualified(directory)
                ? Under(directory)
                : throw new BackupException(ErrorCodes.InvalidInput, $"the target '{directory}' is not an absolute path");
        }

        return string.IsNullOrEmpty(settings.DataDirectory)
            ? throw new BackupException(
                ErrorCodes.NotConfigured,
                "this worker cannot restore in place: Database:DataDirectory is not set",
                "Set Database:DataDirectory on a worker that runs on the database's host, or restore with --target.")
            : new RestoreTarget(Path.TrimEndingDirectorySeparator(settings.DataDirectory), null);
    }
}
