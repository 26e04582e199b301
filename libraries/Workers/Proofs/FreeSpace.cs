using System.Runtime.InteropServices;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Workers.Files;

namespace StellaOps.Backup.Workers.Proofs;

/// <summary>Room on a file system, asked before anything is written.</summary>
public static class FreeSpace
{
    /// <summary>Bytes that are free on the file system of a directory, which need not exist yet.</summary>
    public static long Of(string directory) => new DriveInfo(Existing(directory)).AvailableFreeSpace;

    /// <summary>Number of the file system of a directory, which need not exist yet: places of the same number share their room.</summary>
    public static ulong DeviceOf(string directory)
    {
        var existing = Existing(directory);
        return PathStatus.TryRead(existing, follow: true, out var status)
            ? status.Device
            : throw new IOException($"{existing} cannot be looked at: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Throws when the file system of a directory, which need not exist yet, has less than <paramref name="bytes"/> free.</summary>
    /// <exception cref="BackupException"><c>storage.full</c>.</exception>
    public static void Check(string directory, long bytes)
    {
        var free = Of(directory);
        if (free < bytes)
        {
            throw new BackupException(ErrorCodes.StorageFull,
                $"{directory} has {free} bytes free, the restored copy needs {bytes}",
                $"Free or add space at {Existing(directory)}, or name another directory with --target.");
        }
    }

    private static string Existing(string directory)
    {
        var existing = Path.GetFullPath(directory);
        while (!Directory.Exists(existing))
        {
            existing = Path.GetDirectoryName(existing) ?? "/";
        }

        return existing;
    }
}
