using StellaOps.Backup.Contracts.Errors;
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

    /// <summary>How often a program may make the path anew between the two renames before that is an error.</summary>
    private const int Turns = 3;

    /// <summary>
    /// The directory that is restored until it changes places, or in which the file is: whatever a restore has under temporary names is in there, too,
    /// and goes with it.
    /// </summary>
    public string Staged { get; } = $"{path}{StagedInfix}{taskId:N}";

    /// <summary>What was there before.</summary>
    public string Replaced { get; } = $"{path}.replaced-{taskId:N}";

    /// <summary>All that was there: what was before, and what programs made of the path between the two renames.</summary>
    public IReadOnlyList<string> Kept => [.. Names.TakeWhile(Exists)];

    /// <summary>True when an earlier attempt has put the restored content in its place.</summary>
    public bool IsDone => IsEmptied && !Exists(Staged);

    /// <summary>Whether everything was restored, and only the names are left to be changed.</summary>
    public bool IsStaged => IsEmptied && Exists(Staged);

    /// <summary>A file has its place, and only the empty directory in which it was restored is left: an attempt died just there.</summary>
    public bool IsFileExchanged =>
        IsEmptied && !Directory.Exists(Replaced) && File.Exists(path) && Directory.Exists(Staged) && !Directory.EnumerateFileSystemEntries(Staged).Any();

    /// <summary>The first rename was done, or there was nothing to rename.</summary>
    private bool IsEmptied => Exists(Replaced) || File.Exists(Mark);

    /// <summary>An empty file that says that nothing was there: a later attempt does not take for it what this one restored.</summary>
    private string Mark => $"{Replaced}.none";

    private IEnumerable<string> Names => Enumerable.Range(1, int.MaxValue).Select(number => number == 1 ? Replaced : $"{Replaced}.{number}");

    /// <summary>For a human, of content that is staged and that nobody works on.</summary>
    public string DescribeStaged() =>
        $"{Staged} holds decrypted secrets that are not at {path} yet; what was there is {(Exists(Replaced) ? string.Join(", ", Kept) : "nothing")}. "
        + "The next attempt of the restore puts them there; where none comes, move there what is wanted, and remove the rest";

    /// <summary>Puts the complete staged content in its place.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.OperationConflict"/>: a program makes the path again and again.</exception>
    public void Exchange()
    {
        var content = isFile ? Path.Combine(Staged, Path.GetFileName(path)) : Staged;
        if (!isFile || File.Exists(content))
        {
            Exchange(content);
        }

        if (isFile)
        {
            Directory.Delete(Staged); // Empty, and all that is left where an earlier attempt died just here.
        }

        DirectorySync.Flush(Path.GetDirectoryName(path)!);
    }

    /// <summary>Removes the mark, when all places of the task are done.</summary>
    public void Complete() => File.Delete(Mark);

    private void Exchange(string content)
    {
        for (var turn = 1; ; turn++)
        {
            PutAside();
            try
            {
                Move(content, path);
                return;
            }
            catch (IOException) when (Exists(path))
            {
                // A program made it anew between the two renames: that is put aside, too.
                if (turn == Turns)
                {
                    throw new BackupException(
                        ErrorCodes.OperationConflict, $"{path} is made anew while it is restored. {DescribeStaged()}", $"Stop what writes {path}, and run the command again.");
                }
            }
            catch
            {
                GiveBack();
                throw;
            }
        }
    }

    private void PutAside()
    {
        // Durable before the first rename: all of the staged content. A crash between the two leaves no file under the path
        // for a moment, and both contents under names that this task's next attempt knows.
        if (Exists(path))
        {
            Move(path, Names.First(name => !Exists(name)));
            File.Delete(Mark);
        }
        else if (!IsEmptied)
        {
            File.WriteAllBytes(Mark, []);
            DirectorySync.Flush(Path.GetDirectoryName(path)!);
        }
    }

    /// <summary>The host has again what it had, and the staged content is not the only one any more: it may go.</summary>
    private void GiveBack()
    {
        if (Kept is [var only])
        {
            Move(only, path);
        }

        File.Delete(Mark);
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
