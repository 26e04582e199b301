using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Workers.Proofs;

/// <summary>Room for a restored copy, asked before anything is written.</summary>
public static class FreeSpace
{
    /// <summary>Throws when the file system of a directory, which need not exist yet, has less than <paramref name="bytes"/> free.</summary>
    /// <exception cref="BackupException"><c>storage.full</c>.</exception>
    public static void Check(string directory, long bytes)
    {
        var existing = Path.GetFullPath(directory);
        while (!Directory.Exists(existing))
        {
            existing = Path.GetDirectoryName(existing) ?? "/";
        }

        var free = new DriveInfo(existing).AvailableFreeSpace;
        if (free < bytes)
        {
            throw new BackupException(ErrorCodes.StorageFull,
                $"{directory} has {free} bytes free, the restored copy needs {bytes}",
                $"Free or add space at {existing}, or name another directory with --target.");
        }
    }
}
