using StellaOps.Backup.Postgres.Files;
using StellaOps.Backup.Postgres.Pages;
using StellaOps.Backup.Postgres.Servers;
using StellaOps.Backup.Repository.Files;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>Entries with the modes and the owner that PostgreSQL demands of its files; the server does not tell them by SQL.</summary>
internal sealed class EntryFactory(IClusterFiles files, bool groupReadable, Account? owner, DateTimeOffset start, Cuts cuts)
{
    private const uint DirectoryMode = 0b111_000_000, FileMode = 0b110_000_000, GroupDirectory = 0b101_000, GroupFile = 0b100_000;
    private const uint AnyMode = 0b111_111_111, OwnerMode = 0b111_000_000;

    public SourceEntry Directory(string name, object handle, DateTimeOffset? modified = null) => new()
    {
        Name = new EntryName(name),
        Type = NodeType.Directory,
        Metadata = Metadata(DirectoryMode | (groupReadable ? GroupDirectory : 0), modified),
        Handle = handle,
    };

    /// <summary>A file that is always read.</summary>
    public SourceEntry File(string name, object handle, long size) => new()
    {
        Name = new EntryName(name),
        Type = NodeType.File,
        Metadata = Metadata(FilePermissions, null),
        Size = size,
        Handle = handle,
        TrustMetadata = false,
    };

    /// <summary>A data file; relations are cut at fixed places, so that a changed page costs one blob and not the rest of the file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="trust">True when the parent's content may be used unread where size and times are the same.</param>
    /// <param name="changes">What is known of changes since the parent.</param>
    public SourceEntry File(ClusterFile file, bool trust, IChangedParts? changes) => new()
    {
        Name = new EntryName(file.Name),
        Type = NodeType.File,
        Metadata = Metadata(PermissionsOf(file.Path), file.Modified) with { Changed = Time(file.Changed) },
        Size = file.Size,
        Handle = file,
        TrustMetadata = trust,
        Chunking = RelationFile.TryParse(file.Path) is { } relation ? Chunking.Fixed(cuts.Of(relation)) : Chunking.ContentDefined,
        Changes = changes,
    };

    public SourceEntry Link(string name, string target) => new()
    {
        Name = new EntryName(name),
        Type = NodeType.Symlink,
        Metadata = Metadata(0b111_111_111, null),
        LinkTarget = new EntryName(target),
    };

    private uint FilePermissions => FileMode | (groupReadable ? GroupFile : 0);

    /// <summary>What somebody put beside the server's files keeps its mode. Where that cannot be seen it may be a private key, and is for its owner alone.</summary>
    private uint PermissionsOf(string path)
    {
        if (ServerFiles.Includes(path))
        {
            return FilePermissions;
        }

        var seen = ((uint?)files.ModeOf(path) & AnyMode) ?? FileMode;

        // A key of root's may be readable by a group. Restored, it is the server's, which takes no such key.
        return path.EndsWith(".key", StringComparison.Ordinal) ? seen & OwnerMode : seen;
    }

    private NodeMetadata Metadata(uint permissions, DateTimeOffset? modified) => new()
    {
        Permissions = permissions,
        Modified = Time(modified ?? start),
        Accessed = Time(modified ?? start),
        Changed = Time(modified ?? start),
        UserId = owner?.UserId ?? 0,
        GroupId = owner?.GroupId ?? 0,
        User = owner?.Name ?? "",
        Group = owner?.Name ?? "",
    };

    private static UnixTime Time(DateTimeOffset time) => new(time.ToUnixTimeSeconds(), 0);
}
