using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>Puts what a restore in place replaces aside, under a name that is the same for every attempt of a task.</summary>
internal sealed class ReplacedData(Guid taskId)
{
    private readonly string _suffix = $".replaced-{taskId:n}"[..20];

    /// <summary>
    /// Renames the data directory and the directories of tablespaces, where an earlier attempt has not done so. All of them or none: without its tablespaces a cluster is not whole.
    /// </summary>
    /// <returns>New name of the data directory; null when there was none.</returns>
    public string? Keep(RestoreTarget target, DatabaseSnapshot snapshot)
    {
        // What is most often a mount point comes first.
        return Keep([target.DataDirectory, .. snapshot.TablespacePlaces.Select(own => own.Place)]);
    }

    /// <summary>Where tablespaces were put: whoever removes the data directory that was kept has to know of them.</summary>
    public IEnumerable<string> Notes(DatabaseSnapshot snapshot) =>
        from own in snapshot.TablespacePlaces
        let kept = own.Place + _suffix
        where Directory.Exists(kept)
        select $"tablespace '{own.Tablespace.Name}' as it was is kept in {kept}";

    /// <summary>Renames directories, all of them or none.</summary>
    /// <returns>New name of the first one.</returns>
    internal string? Keep(IReadOnlyList<string> directories)
    {
        var moved = new List<(string From, string To)>();
        try
        {
            string? first = null;
            foreach (var (index, directory) in directories.Index())
            {
                var isKept = Directory.Exists(directory + _suffix);
                var kept = Rename(directory);
                first = index == 0 ? kept : first;
                if (kept is not null && !isKept)
                {
                    moved.Add((directory, kept));
                }
            }

            return first;
        }
        catch (BackupException)
        {
            moved.ForEach(one => Directory.Move(one.To, one.From));
            throw;
        }
    }

    private string? Rename(string directory)
    {
        var kept = directory + _suffix;
        if (Directory.Exists(kept))
        {
            return kept;
        }

        if (!Directory.Exists(directory))
        {
            return null;
        }

        try
        {
            Directory.Move(directory, kept);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new BackupException(
                ErrorCodes.InvalidInput,
                $"{directory} cannot be renamed to keep it: {refused.Message}",
                "A mount point cannot be renamed: restore without keeping the replaced data, or copy it away first.",
                refused);
        }

        return kept;
    }
}
