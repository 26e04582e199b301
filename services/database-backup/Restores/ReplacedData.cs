using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>Puts what a restore in place replaces aside, under a name that is the same for every attempt of a task.</summary>
internal sealed class ReplacedData(Guid taskId)
{
    private readonly string _suffix = $".replaced-{taskId:n}"[..20];

    /// <summary>Renames the data directory and the directories of tablespaces, where an earlier attempt has not done so.</summary>
    /// <returns>New name of the data directory; null when there was none.</returns>
    public string? Keep(RestoreTarget target, DatabaseSnapshot snapshot)
    {
        foreach (var tablespace in snapshot.Facts.Tablespaces)
        {
            if (snapshot.TablespaceDirectories.TryGetValue(tablespace.Oid, out var name))
            {
                Rename(Path.Combine(tablespace.Location, name));
            }
        }

        return Rename(target.DataDirectory);
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
        catch (IOException refused)
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
