using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.DatabaseBackup.Backups;
using StellaOps.Backup.Postgres.Servers;

namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>
/// Whose files lie where a tablespace is restored in place. The directory's name says no more than the server's version: another cluster of the same version may have taken
/// the location meanwhile, and its files would be taken for ours and deleted.
/// </summary>
internal static class TablespaceOwner
{
    /// <summary>Refuses a directory with files, unless the cluster that is replaced links to it or an earlier attempt of the restore has begun to write there.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.TargetNotEmpty"/>.</exception>
    public static void RefuseForeign(RestoreTarget target, DatabaseSnapshot snapshot)
    {
        var links = Path.Combine(target.DataDirectory, SnapshotLayout.TablespaceLinks);
        var linked = Linked(links);
        var begun = Begun(target.MarkerFile);
        foreach (var (tablespace, place) in snapshot.TablespacePlaces)
        {
            if (!linked.Contains(RealPath.Of(tablespace.Location)) && !begun.Contains(place) && HoldsFiles(place))
            {
                throw new BackupException(
                    ErrorCodes.TargetNotEmpty,
                    $"{place} holds files, and {links} has no link to it: they may be of another cluster",
                    $"Where they are of this cluster: mv {place} {place}.old. Else give the tablespace another directory: --tablespace-map {tablespace.Name}=DIR");
            }
        }
    }

    /// <summary>Lines of the marker: what a restore names there before its first change is its own in every later attempt, whatever became of the links.</summary>
    public static IEnumerable<string> Lines(RestoreTarget target, DatabaseSnapshot snapshot) =>
        target.Root is null ? snapshot.TablespacePlaces.Select(own => own.Place) : [];

    /// <summary>By any of its links: a tablespace that was dropped and made anew has another one than in the point.</summary>
    private static HashSet<string> Linked(string links) =>
        Directory.Exists(links) ? Directory.EnumerateFileSystemEntries(links).Select(RealPath.Of).ToHashSet(StringComparer.Ordinal) : [];

    private static HashSet<string> Begun(string marker) => File.Exists(marker) ? File.ReadLines(marker).ToHashSet(StringComparer.Ordinal) : [];

    private static bool HoldsFiles(string place) => Directory.Exists(place) && Directory.EnumerateFileSystemEntries(place).Any();
}
