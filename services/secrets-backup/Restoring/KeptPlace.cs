using StellaOps.Backup.Workers.Files;

namespace StellaOps.Backup.SecretsBackup.Restoring;

/// <summary>
/// Restores beside a path first, then lets the two change places, so that what was there stays under another name. Each step
/// leaves names that tell a later attempt of the same task how far it came; nothing is ever overwritten.
/// </summary>
/// <param name="path">The path that is restored.</param>
/// <param name="taskId">Makes the names those of one task.</param>
/// <param name="isFile">Whether a file goes there, and no directory.</param>
internal sealed class KeptPlace(string path, Guid taskId, bool isFile = false)
{
    /// <summary>Between a path and the task that is restoring it.</summary>
    public const string StagedInfix = ".restoring-";

    /// <summary>
    /// The directory that is restored until it changes places, or in which the file is: whatever a restore has under temporary names is in there, too,
    /// and goes with it.
    /// </summary>
    public string Staged { get; } = $"{path}{StagedInfix}{taskId:N}";

    /// <summary>What was there before.</summary>
    public string Replaced { get; } = $"{path}.replaced-{taskId:N}";

    /// <summary>True when an earlier attempt has put the restored content in its place.</summary>
    public bool IsDone => Exists(Replaced) && !Exists(Staged);

    /// <summary>Whether everything was restored, and only the names are left to be changed.</summary>
    public bool IsStaged => Exists(Replaced) && Exists(Staged);

    /// <summary>Puts the complete staged content in its place.</summary>
    /// <returns>The name of what was there; null when there was nothing.</returns>
    public string? Exchange()
    {
        // Durable before the first rename: all of the staged content. A crash between the two leaves no file under the path
        // for a moment, and both contents under names that this task's next attempt knows.
        if (Exists(path) && !Exists(Replaced))
        {
            Move(path, Replaced);
        }

        if (!isFile)
        {
            Directory.Move(Staged, path);
        }
        else
        {
            var file = Path.Combine(Staged, Path.GetFileName(path));
            if (File.Exists(file))
            {
                File.Move(file, path);
            }

            Directory.Delete(Staged); // Empty, and all that is left where an earlier attempt died just here.
        }

        DirectorySync.Flush(Path.GetDirectoryName(path)!);
        return Exists(Replaced) ? Replaced : null;
    }

    private static bool Exists(string name) => Path.Exists(name) || new FileInfo(name).LinkTarget is not null;

    private static void Move(string from, string to)
    {
        if (Directory.Exists(from))
        {
            Directory.Move(from, to);
        }
        else
        {
            File.Move(from, to);
        }
    }
}
