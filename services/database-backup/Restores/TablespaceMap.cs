using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.DatabaseBackup.Backups;

namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>Other places for tablespaces, where a host has other disks than the one that was backed up.</summary>
internal static class TablespaceMap
{
    /// <returns>The snapshot with its tablespaces where they are wanted.</returns>
    /// <exception cref="BackupException">A tablespace that the point does not have, or a place that cannot be one.</exception>
    public static DatabaseSnapshot Apply(DatabaseSnapshot snapshot, IReadOnlyList<TablespacePlace> places, RestoreTarget target)
    {
        if (places.Count == 0)
        {
            return snapshot;
        }

        if (target.Root is not null)
        {
            throw Wrong("tablespaces of a restore into another directory stay inside of it", "Leave --tablespace-map out, or restore in place.");
        }

        var moved = snapshot.Facts.Tablespaces.ToList();
        foreach (var place in places)
        {
            var index = moved.FindIndex(tablespace => tablespace.Name == place.From || Trimmed(tablespace.Location) == Trimmed(place.From));
            var name = index < 0 ? null : snapshot.TablespaceDirectories.GetValueOrDefault(moved[index].Oid);
            moved[index < 0 ? throw Unknown(place, snapshot) : index] = moved[index] with { Location = Checked(place.To, moved[index], name, target) };
        }

        return moved.Select(tablespace => tablespace.Location).Distinct(StringComparer.Ordinal).Count() < moved.Count
            ? throw Wrong("two tablespaces would go to the same directory", "Give each of them one of its own.")
            : snapshot with { Facts = snapshot.Facts with { Tablespaces = moved } };
    }

    private static string Checked(string directory, TablespaceFacts tablespace, string? name, RestoreTarget target)
    {
        var to = Trimmed(directory);
        if (!Path.IsPathFullyQualified(directory))
        {
            throw Wrong($"'{directory}' is not an absolute path", "Name a directory of the database's host.");
        }

        if ($"{to}/".StartsWith($"{target.DataDirectory}/", StringComparison.Ordinal))
        {
            throw Wrong($"{to} is inside of the data directory", "PostgreSQL wants tablespaces outside of it.");
        }

        // What lies there may be of another cluster of the same version: its files would be taken for ours and deleted.
        var filled = name is not null && to != Trimmed(tablespace.Location) && Directory.Exists(Path.Combine(to, name)) && Directory.EnumerateFileSystemEntries(Path.Combine(to, name)).Any();
        return filled && !File.Exists(target.MarkerFile)
            ? throw new BackupException(ErrorCodes.TargetNotEmpty, $"{to}/{name} holds files, and tablespace '{tablespace.Name}' was not there", "Name an empty directory for it.")
            : to;
    }

    private static BackupException Unknown(TablespacePlace place, DatabaseSnapshot snapshot) => Wrong(
        $"the point has no tablespace '{place.From}'",
        snapshot.Facts.Tablespaces.Count == 0
            ? "It has no tablespaces."
            : $"It has {string.Join(", ", snapshot.Facts.Tablespaces.Select(tablespace => $"'{tablespace.Name}' in {tablespace.Location}"))}.");

    private static string Trimmed(string path) => Path.TrimEndingDirectorySeparator(path);

    private static BackupException Wrong(string message, string hint) => new(ErrorCodes.InvalidInput, message, hint);
}
