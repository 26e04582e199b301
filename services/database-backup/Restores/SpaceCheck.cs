using System.IO.Enumeration;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Workers.Proofs;

namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>Whether a restore fits, before it starts.</summary>
internal static class SpaceCheck
{
    /// <summary>Refuses when a place has less room than it needs, or those on one file system together: the data directory and tablespaces often share one.</summary>
    /// <param name="places">Directories that are filled, which need not exist, and the bytes that each gets.</param>
    /// <param name="replaced">True when what the directories hold now makes room.</param>
    /// <exception cref="BackupException"><see cref="ErrorCodes.StorageFull"/>.</exception>
    public static void Run(IReadOnlyList<(string Directory, long Bytes)> places, bool replaced)
    {
        foreach (var place in places)
        {
            Require([place], replaced); // Alone, too: a quota may give a directory less than its file system has.
        }

        foreach (var shared in places.GroupBy(place => FreeSpace.DeviceOf(place.Directory)))
        {
            Require([.. shared], replaced);
        }
    }

    private static void Require(IReadOnlyList<(string Directory, long Bytes)> places, bool replaced)
    {
        var needed = places.Sum(place => place.Bytes);
        var free = places.Max(place => FreeSpace.Of(place.Directory));
        if (free < needed && free + (replaced ? places.Sum(place => SizeOf(place.Directory)) : 0) < needed)
        {
            throw new BackupException(
                ErrorCodes.StorageFull,
                $"{string.Join(" and ", places.Select(place => place.Directory))} {(places.Count == 1 ? "needs" : "need")} {needed} bytes, and the file system has {free} left");
        }
    }

    // A server may run beside a dry run: a file that vanishes meanwhile counts nothing.
    private static long SizeOf(string directory) => !Directory.Exists(directory) ? 0 : new FileSystemEnumerable<long>(
        directory,
        (ref FileSystemEntry entry) => entry.IsDirectory ? 0 : entry.Length,
        new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true }).Sum();
}
