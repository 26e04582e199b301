using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Workers.Files;

namespace StellaOps.Backup.Workers.Targets;

/// <summary>
/// A directory that <c>--target</c> names, from before the first write of a task to after the last. A marker in it says whose it is: a later attempt of the
/// task goes on in it, and what anybody else has there is never written over, whichever attempt comes upon it first.
/// </summary>
public sealed class TargetClaim : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly string _directory;
    private readonly bool _isNew;

    private TargetClaim(string directory, string marker, bool isNew) => (_directory, Marker, _isNew) = (directory, marker, isNew);

    /// <summary>Path of the marker, which is no part of what is restored.</summary>
    public string Marker { get; }

    /// <summary>Path of a task's marker.</summary>
    public static string MarkerOf(string directory, Guid taskId) => Path.Combine(directory, $".stella-restore-{taskId:N}");

    /// <summary>Changes nothing; to be called before anything else may fail and be tried again.</summary>
    /// <param name="directory">The target; null for a restore in place, which has none.</param>
    /// <param name="taskId">The task, in whichever attempt.</param>
    /// <exception cref="BackupException">It is a file, or holds something and not this task's marker.</exception>
    public static void Check(string? directory, Guid taskId)
    {
        if (File.Exists(directory)
            || (Directory.Exists(directory) && !File.Exists(MarkerOf(directory, taskId)) && Directory.EnumerateFileSystemEntries(directory).Any()))
        {
            throw new BackupException(ErrorCodes.TargetNotEmpty, $"{directory} is not an empty directory");
        }
    }

    /// <summary>Checks, makes the directory where it is missing, and marks it.</summary>
    /// <exception cref="BackupException">As <see cref="Check"/>.</exception>
    public static TargetClaim Take(string directory, Guid taskId)
    {
        Check(directory, taskId);
        var isNew = !Directory.Exists(directory);
        if (isNew)
        {
            Directory.CreateDirectory(directory, OwnerOnly);
        }

        var marker = MarkerOf(directory, taskId);
        File.WriteAllText(marker, "A restore into this directory has begun and not ended.\n");

        // Durable before the first write: the marker. An attempt after a crash finds it, or an empty directory.
        DirectorySync.Flush(directory);
        return new TargetClaim(directory, marker, isNew);
    }

    /// <summary>
    /// Everything is restored and durable: the marker goes. Should the process die between this and its report, the next attempt is refused, and the target is whole.
    /// </summary>
    public void Complete()
    {
        var (mode, modified) = (File.GetUnixFileMode(_directory), ModifiedTime.Of(_directory));
        File.SetUnixFileMode(_directory, mode | OwnerOnly);
        File.Delete(Marker);
        File.SetUnixFileMode(_directory, mode);
        modified.SetOn(_directory);
        DirectorySync.Flush(_directory);
    }

    /// <summary>Without <see cref="Complete"/> the marker stays with what was restored; where nothing was, all is as it was before.</summary>
    public void Dispose()
    {
        try
        {
            if (!File.Exists(Marker) || Directory.EnumerateFileSystemEntries(_directory).Skip(1).Any())
            {
                return;
            }

            File.Delete(Marker);
            if (_isNew)
            {
                Directory.Delete(_directory);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What made the restore fail is what has to be told.
        }
    }
}
