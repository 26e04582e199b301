using StellaOps.Backup.Workers.Files;
using StellaOps.Backup.Workers.Scratch;

namespace StellaOps.Backup.ConfigBackup.Restores;

/// <summary>
/// Keeps what a restore in place is about to replace, beside it, with everything that <c>cp --archive</c> keeps. The names are those of
/// the task: a later attempt finds the copy that the first one made, or the mark that there was nothing, and does not take a half-restored
/// tree for what was there.
/// </summary>
internal sealed class ReplacedCopy(Guid taskId)
{
    /// <returns>The copies of all places that had something.</returns>
    public async Task<IReadOnlyList<string>> KeepAsync(IReadOnlyList<RestorePlace> places, CancellationToken cancellationToken)
    {
        var copies = new List<string>();
        foreach (var place in places)
        {
            var copy = CopyOf(place);
            if (!Exists(copy) && !File.Exists(MarkOf(place)))
            {
                if (Path.Exists(place.Path))
                {
                    await CopyAsync(place, copy, cancellationToken);
                }
                else
                {
                    MarkNothing(place);
                }
            }

            if (Exists(copy))
            {
                copies.Add(copy);
            }
        }

        return copies;
    }

    /// <summary>Removes the marks, when everything is restored.</summary>
    public void Complete(IReadOnlyList<RestorePlace> places)
    {
        foreach (var place in places)
        {
            File.Delete(MarkOf(place));
        }
    }

    private string CopyOf(RestorePlace place) => $"{place.Path}.replaced-{taskId:N}";

    private string MarkOf(RestorePlace place) => $"{CopyOf(place)}.none";

    private void MarkNothing(RestorePlace place)
    {
        // Durable before anything is written to the path.
        var parent = Path.GetDirectoryName(place.Path)!;
        Directory.CreateDirectory(parent);
        File.WriteAllBytes(MarkOf(place), []);
        DirectorySync.Flush(parent);
    }

    /// <summary>
    /// Of a configured link to a directory, what it leads to: the restore follows it, and changes that. A link to a file is replaced itself, and kept itself.
    /// </summary>
    private async Task CopyAsync(RestorePlace place, string to, CancellationToken cancellationToken)
    {
        var keeping = $"{place.Path}.keeping-{taskId:N}";
        string[] followed = place.IsDirectory ? ["-H"] : [];
        var failure = $"what is replaced cannot be kept at {to}";
        await DirectoryRemoval.RemoveAsync(keeping, cancellationToken); // Of an attempt that was killed.
        try
        {
            await SystemProgram.RunAsync("cp", ["--archive", .. followed, "--no-target-directory", "--", place.Path, keeping], failure, cancellationToken);
            await SystemProgram.RunAsync("sync", ["--file-system", "--", Path.GetDirectoryName(keeping)!], failure, cancellationToken);
        }
        catch
        {
            await DirectoryRemoval.RemoveAsync(keeping, CancellationToken.None);
            throw;
        }

        // Durable before the name: all of the copy. Durable before the first change of what it is a copy of: the name.
        if (Directory.Exists(keeping))
        {
            Directory.Move(keeping, to);
        }
        else
        {
            File.Move(keeping, to);
        }

        DirectorySync.Flush(Path.GetDirectoryName(to)!);
    }

    private static bool Exists(string path) => Path.Exists(path) || new FileInfo(path).LinkTarget is not null;
}
