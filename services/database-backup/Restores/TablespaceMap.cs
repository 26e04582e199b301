using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>Other places for tablespaces, where a host has other disks than the one that was backed up.</summary>
internal static class TablespaceMap
{
    /// <returns>The snapshot with its tablespaces where they are wanted; whose files lie there is not looked at yet (<see cref="TablespaceOwner"/>).</returns>
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
            moved[index < 0 ? throw Unknown(place, snapshot) : index] = moved[index] with { Location = Checked(place.To, target) };
        }

        return moved.Select(tablespace => tablespace.Location).Distinct(StringComparer.Ordinal).Count() < moved.Count
            ? throw Wrong("two tablespaces would go to the same directory", "Give each of them one of its own.")
            : snapshot with { Facts = snapshot.Facts with { Tablespaces = moved } };
    }

    private static string Checked(string directory, RestoreTarget target)
    {
        var to = Trimmed(directory);
        if (!Path.IsPathFullyQualified(directory))
        {
            throw Wrong($"'{directory}' is not an absolute path", "Name a directory of the database's host.");
        }

        return $"{to}/".StartsWith($"{target.DataDirectory}/", StringComparison.Ordinal)
            ? throw Wrong($"{to} is inside of the data directory", "PostgreSQL wants tablespaces outside of it.")
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
