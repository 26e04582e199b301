using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Restores symbolic links, FIFOs and devices. Sockets mean nothing without the program that made them.</summary>
internal sealed class SpecialRestorer(RestoreRequest request, MetadataWriter metadata, ObstacleRemover obstacles, RestoreCounters counters)
{
    public void Restore(RestoreDirectory directory, Node node)
    {
        var path = directory.PathOf(node.Name);
        if (node.Type == NodeType.Socket)
        {
            counters.Warnings.Add("sockets are not restored", path);
            return;
        }

        if (node.Type is NodeType.BlockDevice or NodeType.CharacterDevice && (!request.Devices || Libc.EffectiveUserId() != 0))
        {
            counters.Warnings.Add(request.Devices ? "devices are restored by root only" : "devices are restored only when that is asked for", path);
            return;
        }

        var existing = directory.Handle.Find(node.Name);
        var equal = existing is { } status && IsEqual(directory.Handle, node, status);
        if (existing is not null && request.Existing == ExistingFiles.AddOnly)
        {
            if (!equal)
            {
                counters.AddConflict(path, existing.Value.Type == node.Type ? "another one is there" : ObstacleRemover.Describe(existing.Value.Type));
            }

            return;
        }

        if (equal)
        {
            metadata.Apply(directory.Handle, node.Name, node, path);
        }
        else if (existing is null)
        {
            Create(directory.Handle, node.Name, node);
            metadata.Apply(directory.Handle, node.Name, node, path);
        }
        else if (obstacles.TryRemoveDirectory(directory, node.Name, existing.Value))
        {
            var temporary = TemporaryNames.Create();
            Create(directory.Handle, temporary, node);
            metadata.Apply(directory.Handle, temporary, node, path);
            directory.Handle.Replace(temporary, node.Name);
        }
    }

    /// <summary>True when what is there is what the node says, apart from metadata.</summary>
    public static bool IsEqual(OpenDirectory directory, Node node, FileStatus existing) =>
        existing.Type == node.Type
        && (node.Type == NodeType.Symlink
            ? directory.ReadLink(node.Name) == node.LinkTarget
            : node.Type == NodeType.Fifo || existing.Device == node.Metadata.Device);

    private static void Create(OpenDirectory directory, EntryName name, Node node)
    {
        if (node.Type == NodeType.Symlink)
        {
            directory.MakeSymlink(name, node.LinkTarget!.Value);
        }
        else
        {
            directory.MakeNode(name, node.Type, node.Metadata.Device);
        }
    }
}
