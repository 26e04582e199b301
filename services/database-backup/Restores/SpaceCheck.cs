using System.IO.Enumeration;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>Whether a restore fits, before it starts.</summary>
internal static class SpaceCheck
{
    /// <summary>Refuses when the file system of a directory has less room than needed.</summary>
    /// <param name="directory">Directory that is filled; it need not exist.</param>
    /// <param name="needed">Bytes that are written.</param>
    /// <param name="replaced">True when what the directory holds now makes room.</param>
    /// <exception cref="BackupException"><see cref="ErrorCodes.StorageFull"/>.</exception>
    public static void Run(string directory, long needed, bool replaced)
    {
        var existing = directory;
        while (!Directory.Exists(existing))
        {
            existing = Path.GetDirectoryName(existing) ?? "/";
        }

        var free = new DriveInfo(existing).AvailableFreeSpace;
        if (free < needed && free + (replaced && existing == directory ? SizeOf(directory) : 0) < needed)
        {
            throw new BackupException(ErrorCodes.StorageFull, $"{directory} needs {needed} bytes, and its file system has {free} left");
        }
    }

    // A server may run beside a dry run: a file that vanishes meanwhile counts nothing.
    private static long SizeOf(string directory) => new FileSystemEnumerable<long>(
        directory,
        (ref FileSystemEntry entry) => entry.IsDirectory ? 0 : entry.Length,
        new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true }).Sum();
}
