using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Snapshots;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>
/// Makes the directories above a place that this machine does not have as the snapshot has them: with the owner and mode of whoever restores they
/// would be closed to those who read what is restored, or open to everybody.
/// </summary>
internal sealed class ParentDirectories(TreeReader trees, Snapshot snapshot)
{
    private readonly RestoreWarnings _warnings = new();

    /// <returns>Warnings.</returns>
    public async Task<IReadOnlyList<string>> RestoreAsync(string path, CancellationToken cancellationToken)
    {
        foreach (var missing in MissingAbove(path))
        {
            if (await trees.FindAsync(snapshot.Tree, missing, cancellationToken).ConfigureAwait(false) is not { Type: NodeType.Directory } node)
            {
                break; // Nothing says how it was.
            }

            Make(missing, node);
        }

        return _warnings.ToList();
    }

    /// <summary>The outermost first.</summary>
    private static Stack<string> MissingAbove(string path)
    {
        var missing = new Stack<string>();
        for (var at = Path.GetDirectoryName(path); at is not null && !Path.Exists(at); at = Path.GetDirectoryName(at))
        {
            missing.Push(at);
        }

        return missing;
    }

    private void Make(string path, Node node)
    {
        var parent = Path.GetDirectoryName(path)!;
        using var above = OpenDirectory.TryOpen(null, BytePath.From(parent), follow: true) ?? throw new LinuxException(LinuxError.Last, $"open '{parent}'");
        var temporary = TemporaryNames.Create();
        above.MakeDirectory(temporary);
        try
        {
            new MetadataWriter(OwnerMap.Keep, _warnings).Apply(above, temporary, Usable(node), path);

            // Has its name with its metadata, or not at all: a directory that is there, a later attempt leaves as it is.
            above.Replace(temporary, node.Name);
        }
        catch
        {
            above.TryRemove(temporary, isDirectory: true);
            throw;
        }

        above.Sync();
    }

    /// <summary>Who is not root cannot give it to its owner, and goes on writing in it as its own.</summary>
    private static Node Usable(Node node)
    {
        const uint ownerAll = 0x1c0;
        return Environment.IsPrivilegedProcess ? node : node with { Metadata = node.Metadata with { Permissions = node.Metadata.Permissions | ownerAll } };
    }
}
