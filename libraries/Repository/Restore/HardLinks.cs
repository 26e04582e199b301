using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>
/// Files with several names: the first name is restored as a file, the others become links to it when all files are in place. A first name that holds
/// something else, because it had to stay, lends that to no other name.
/// </summary>
internal sealed class HardLinks
{
    private readonly Dictionary<(ulong Device, ulong Inode), RestoreFile> _first = [];
    private readonly List<(RestoreFile File, RestoreFile First)> _later = [];

    public bool Any => _later.Count > 0;

    /// <summary>True when the file is to become a link later.</summary>
    public bool TryDefer(RestoreFile file)
    {
        var metadata = file.Node.Metadata;
        if (metadata.Links < 2 || metadata.Inode == 0 || file.Transformed)
        {
            return false;
        }

        if (_first.TryAdd((metadata.DeviceId, metadata.Inode), file))
        {
            return false;
        }

        _later.Add((file, _first[(metadata.DeviceId, metadata.Inode)]));
        return true;
    }

    /// <summary>Makes the links; what cannot be a link is answered, to be restored as a file of its own.</summary>
    /// <param name="target">The target.</param>
    /// <param name="existing">What happens to names that are there.</param>
    /// <param name="linked">Told of each name that is a link now, and whether it was none before.</param>
    public IEnumerable<RestoreFile> Link(OpenDirectory target, ExistingFiles existing, Action<RestoreFile, bool> linked)
    {
        foreach (var (file, first) in _later)
        {
            if (first.IsRestored && first.Node.Content.SequenceEqual(file.Node.Content) && TryLink(target, file, first, existing, out var isNew))
            {
                linked(file, isNew);
            }
            else
            {
                yield return file;
            }
        }
    }

    private static bool TryLink(OpenDirectory target, RestoreFile file, RestoreFile first, ExistingFiles existing, out bool isNew)
    {
        isNew = true;
        using var from = TargetPaths.TryOpen(target, first.Directory.Names);
        var directory = file.Directory.Handle;
        if (from?.Find(first.Name) is not { Type: NodeType.File } original)
        {
            return false;
        }

        if (directory.Find(file.Name) is not { } present)
        {
            return OpenDirectory.TryLink(from, first.Name, directory, file.Name);
        }

        if (existing == ExistingFiles.AddOnly)
        {
            return false; // It stays, and is compared with the snapshot as any other file.
        }

        if (present.IsSameFile(original))
        {
            isNew = false;
            return true;
        }

        var temporary = TemporaryNames.Create();
        if (present.Type == NodeType.Directory || !OpenDirectory.TryLink(from, first.Name, directory, temporary))
        {
            return false;
        }

        directory.Replace(temporary, file.Name);
        return true;
    }
}
