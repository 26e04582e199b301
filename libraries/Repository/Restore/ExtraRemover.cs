using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Removes entries of the target with all that is in them; never follows a link or leaves the file system.</summary>
internal sealed class ExtraRemover(RestoreCounters counters)
{
    /// <summary>Removes an entry; false when something in it had to stay.</summary>
    public bool TryRemove(OpenDirectory directory, EntryName name, string path)
    {
        if (directory.Find(name) is not { } status)
        {
            return true;
        }

        if (status.Type == NodeType.Directory && !TryEmpty(directory, name, path, status))
        {
            return false;
        }

        if (!directory.TryRemove(name, status.Type == NodeType.Directory))
        {
            return false;
        }

        counters.AddDeleted(path);
        return true;
    }

    private bool TryEmpty(OpenDirectory parent, EntryName name, string path, FileStatus status)
    {
        const uint ownerAll = 0x1c0;
        if (FileStatus.TryGet(parent.Descriptor, out var above) && above.FileSystem != status.FileSystem)
        {
            counters.Warnings.Add("not deleted, another file system is mounted there", path);
            return false;
        }

        if ((status.Permissions & ownerAll) != ownerAll)
        {
            _ = parent.TrySetPermissions(name, ownerAll); // Without it, removing what is inside fails with its own message.
        }

        using var below = parent.TryOpenBelow(name);
        var all = true;
        foreach (var entry in below?.ReadNames() ?? [])
        {
            all &= TryRemove(below!, entry, $"{path}/{entry}");
        }

        return all;
    }
}
