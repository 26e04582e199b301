using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.SecretsBackup.Encryption;

namespace StellaOps.Backup.SecretsBackup.Proving;

/// <summary>Compares a restored copy with the snapshot: that each file is there, with its length, mode and time.</summary>
internal static class RestoredCopyCheck
{
    private const long TicksPerNanosecondHundred = 100;

    /// <exception cref="BackupException"><see cref="ErrorCodes.ProofFailed"/>.</exception>
    public static void Run(string directory, IReadOnlyList<TreeEntry> files, IReadOnlyDictionary<string, long> lengths)
    {
        foreach (var (path, node) in files)
        {
            var restored = new FileInfo(directory + AgeNames.Plain(path));
            var difference = !restored.Exists ? "is missing"
                : restored.Length != lengths[path] ? $"has {restored.Length} bytes and not {lengths[path]}"
                : (uint)restored.UnixFileMode != node.Metadata.Permissions ? "has another mode"
                : restored.LastWriteTimeUtc != TimeOf(node.Metadata.Modified) ? "has another time"
                : null;
            if (difference is not null)
            {
                throw new BackupException(ErrorCodes.ProofFailed, $"the restored copy of {AgeNames.Plain(path)} {difference}");
            }
        }
    }

    /// <summary>As .NET sees it: in steps of 100 ns.</summary>
    private static DateTime TimeOf(UnixTime time) =>
        DateTime.UnixEpoch.AddSeconds(time.Seconds).AddTicks(time.Nanoseconds / TicksPerNanosecondHundred);
}
