using System.Formats.Tar;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Queries;

/// <summary>
/// Content of a snapshot as one stream: a file as it is, a directory as a POSIX tar archive (pax) with contents, links, modes, owners and
/// times to 100 ns. Each blob is authenticated before a byte of it is written. The index has to be loaded.
/// </summary>
public sealed class SnapshotDump(ResticRepository repository)
{
    /// <summary>Writes a file's content, or the tar archive of a directory with names relative to it.</summary>
    /// <exception cref="RepositoryException">
    /// <see cref="RepositoryFailure.Refused"/>: neither a file nor a directory. <see cref="RepositoryFailure.Damaged"/>: what was written
    /// so far is right, and not whole.
    /// </exception>
    public async Task WriteAsync(SnapshotPath place, Stream output, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(place);
        if (place.Node.Subtree is { } tree)
        {
            var tar = new TarWriter(output, TarEntryFormat.Pax, leaveOpen: true);
            await using (tar.ConfigureAwait(false))
            {
                var links = new Dictionary<(ulong, ulong), string>();
                await foreach (var entry in new TreeReader(repository.Blobs).WalkAsync(tree, cancellationToken).ConfigureAwait(false))
                {
                    await WriteEntryAsync(tar, entry, links, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        else if (place.Node.Type == NodeType.File)
        {
            var content = new BlobContentStream(repository.Blobs, place.Node);
            await using (content.ConfigureAwait(false))
            {
                await content.CopyToAsync(output, cancellationToken).ConfigureAwait(false);
            }
        }
        else
        {
            throw new RepositoryException(RepositoryFailure.Refused, $"'{place.Path}' is neither a file nor a directory, and has no content to write");
        }
    }

    private async Task WriteEntryAsync(TarWriter tar, TreeEntry entry, Dictionary<(ulong, ulong), string> links, CancellationToken cancellationToken)
    {
        var name = entry.Path[1..];
        var metadata = entry.Node.Metadata;
        var isLinked = entry.Node.Type == NodeType.File && metadata.Links > 1;
        if (isLinked && links.TryGetValue((metadata.DeviceId, metadata.Inode), out var first))
        {
            await tar.WriteEntryAsync(Describe(new PaxTarEntry(TarEntryType.HardLink, name) { LinkName = first }, metadata), cancellationToken).ConfigureAwait(false);
            return;
        }

        if (isLinked)
        {
            links[(metadata.DeviceId, metadata.Inode)] = name;
        }

        if (Entry(entry.Node, name) is not { } written)
        {
            return; // Sockets have no place in an archive: they mean nothing without their process.
        }

        if (entry.Node.Type != NodeType.File)
        {
            await tar.WriteEntryAsync(Describe(written, metadata), cancellationToken).ConfigureAwait(false);
            return;
        }

        var content = new SizedContent(new BlobContentStream(repository.Blobs, entry.Node), entry.Node.Size);
        await using (content.ConfigureAwait(false))
        {
            written.DataStream = content;
            await tar.WriteEntryAsync(Describe(written, metadata), cancellationToken).ConfigureAwait(false);
        }
    }

    private static PaxTarEntry? Entry(Node node, string name) => node.Type switch
    {
        NodeType.File => new PaxTarEntry(TarEntryType.RegularFile, name),
        NodeType.Directory => new PaxTarEntry(TarEntryType.Directory, name + "/"),
        NodeType.Symlink => new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = node.LinkTarget?.ToString() ?? "" },
        NodeType.Fifo => new PaxTarEntry(TarEntryType.Fifo, name),
        NodeType.BlockDevice or NodeType.CharacterDevice => new PaxTarEntry(
            node.Type == NodeType.BlockDevice ? TarEntryType.BlockDevice : TarEntryType.CharacterDevice, name)
        {
            DeviceMajor = (int)((node.Metadata.Device >> 8) & 0xfff),
            DeviceMinor = (int)((node.Metadata.Device & 0xff) | ((node.Metadata.Device >> 12) & 0xfff00)),
        },
        _ => null,
    };

    private static PaxTarEntry Describe(PaxTarEntry entry, NodeMetadata metadata)
    {
        entry.Mode = (UnixFileMode)(metadata.Permissions & 0xfff);
        entry.Uid = (int)Math.Min(metadata.UserId, int.MaxValue);
        entry.Gid = (int)Math.Min(metadata.GroupId, int.MaxValue);
        entry.UserName = metadata.User;
        entry.GroupName = metadata.Group;
        entry.ModificationTime = DateTimeOffset.FromUnixTimeSeconds(metadata.Modified.Seconds).AddTicks(metadata.Modified.Nanoseconds / 100);
        return entry;
    }
}
