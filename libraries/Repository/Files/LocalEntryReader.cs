using StellaOps.Backup.Repository.Files.Linux;

namespace StellaOps.Backup.Repository.Files;

/// <summary>Turns entries of open directories into entries of a source.</summary>
internal sealed class LocalEntryReader
{
    private readonly AccountNames _accounts = new();

    /// <summary>Reads status and link target, and attributes unless the content brings them; null when there is no such entry.</summary>
    public SourceEntry? TryRead(OpenDirectory open, LocalDirectory directory, EntryName name, bool follow, out FileStatus status)
    {
        if (!FileStatus.TryGet(open.Descriptor, BytePath.From(name), follow, out status))
        {
            var error = LinuxError.Last;
            return error == LinuxError.NotFound ? null : Failed(directory, name, $"cannot examine it: {LinuxError.Text(error)}", vanished: false);
        }

        EntryName? target = null;
        if (status.Type == NodeType.Symlink && (target = open.ReadLink(name)) is null)
        {
            var error = LinuxError.Last;
            return error == LinuxError.NotFound ? null : Failed(directory, name, $"cannot read link: {LinuxError.Text(error)}", vanished: false);
        }

        IReadOnlyList<ExtendedAttribute> attributes = [];
        var withContent = status.Type == NodeType.File && !follow;
        var readable = withContent || Attributes.TryRead(BytePath.InOpenDirectory(open.Descriptor, name), follow, out attributes);
        return new SourceEntry
        {
            Name = name,
            Type = status.Type,
            Metadata = ToMetadata(status, attributes),
            Size = status.Type == NodeType.File ? status.Size : 0,
            LinkTarget = target,
            AttributesWithContent = withContent,
            Warning = readable ? null : $"cannot read extended attributes: {LinuxError.LastText}",
            Handle = directory,
        };
    }

    /// <summary>An entry that could not be examined.</summary>
    public static SourceEntry Failed(LocalDirectory directory, EntryName name, string reason, bool vanished) => new()
    {
        Name = name,
        Type = NodeType.File,
        Metadata = new NodeMetadata { Permissions = 0, Modified = default },
        Failure = new SourceException(reason) { Vanished = vanished },
        Handle = directory,
    };

    /// <summary>As restic saves it: the time of access is that of modification, or trees would change by being read.</summary>
    public NodeMetadata ToMetadata(FileStatus status, IReadOnlyList<ExtendedAttribute> attributes) => new()
    {
        Permissions = status.Permissions,
        Modified = status.Modified,
        Accessed = status.Modified,
        Changed = status.Changed,
        UserId = status.UserId,
        GroupId = status.GroupId,
        User = _accounts.User(status.UserId),
        Group = _accounts.Group(status.GroupId),
        Inode = status.Inode,
        DeviceId = HasLinkCount(status.Type) && status.Links > 1 ? status.FileSystem : 0,
        Links = HasLinkCount(status.Type) ? status.Links : 0,
        Device = status.Type is NodeType.BlockDevice or NodeType.CharacterDevice ? status.Device : 0,
        ExtendedAttributes = attributes,
    };

    private static bool HasLinkCount(NodeType type) =>
        type is NodeType.File or NodeType.Symlink or NodeType.BlockDevice or NodeType.CharacterDevice;
}
