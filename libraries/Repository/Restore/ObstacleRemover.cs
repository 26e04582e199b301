using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Clears the place of an entry where something of another type stands, as far as the request allows.</summary>
internal sealed class ObstacleRemover(RestoreRequest request, ExtraRemover extras, RestoreCounters counters)
{
    /// <summary>
    /// Makes room for something that is renamed over what is there, which fails only over a directory. A directory with entries
    /// goes only when extra entries are to be deleted; otherwise it is a conflict, and the answer is false.
    /// </summary>
    public bool TryRemoveDirectory(RestoreDirectory directory, EntryName name, FileStatus existing)
    {
        var path = directory.PathOf(name);
        if (existing.Type != NodeType.Directory
            || (request.DeleteExtra ? extras.TryRemove(directory.Handle, name, path) : directory.Handle.TryRemove(name, isDirectory: true)))
        {
            return true;
        }

        counters.AddConflict(path, "a directory that is not empty is there");
        return false;
    }

    /// <summary>What stands there, for a conflict.</summary>
    public static string Describe(NodeType type) => type switch
    {
        NodeType.Directory => "a directory is there",
        NodeType.Symlink => "a symbolic link is there",
        NodeType.File => "a file is there",
        NodeType.Fifo => "a FIFO is there",
        NodeType.Socket => "a socket is there",
        _ => "a device is there",
    };
}
