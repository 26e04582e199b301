using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.SecretsBackup.Encryption;
using StellaOps.Backup.SecretsBackup.Restoring;

namespace StellaOps.Backup.SecretsBackup.Proving;

/// <summary>
/// Compares a restored copy with the snapshot: that each file is there, with its length, mode and time. Goes down both by the bytes of
/// the names, which need not be UTF-8: no path of .NET could say those.
/// </summary>
internal sealed class RestoredCopyCheck(SavedSecrets saved, CiphertextCheck check, string directory)
{
    private readonly TreeReader _trees = new(saved.Repository.Blobs);
    private readonly LocalFileSource _source = new([Path.GetFullPath(directory)]);

    /// <exception cref="BackupException"><see cref="ErrorCodes.ProofFailed"/>.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var open = new Stack<(string Path, BlobId Tree, SourceEntry? Copy)>();
        open.Push(("", saved.Snapshot.Tree, await FindAsync(cancellationToken)));
        while (open.TryPop(out var next))
        {
            var tree = await _trees.ReadAsync(next.Tree, cancellationToken);
            var copies = await ListAsync(next.Path, next.Copy, cancellationToken);
            foreach (var node in tree.Nodes)
            {
                var path = $"{next.Path}/{node.Name}";
                if (node.Subtree is { } subtree)
                {
                    open.Push((path, subtree, copies.GetValueOrDefault(node.Name)));
                }
                else if (node.Type == NodeType.File && AgeNames.Plain(node.Name) is { } plain)
                {
                    Require(AgeNames.Plain(path), node, copies.GetValueOrDefault(plain));
                }
            }
        }
    }

    private void Require(string path, Node file, SourceEntry? restored)
    {
        var length = check.PlainLength(file);
        var difference = restored is null ? "is missing"
            : restored.Failure is { } failure ? failure.Message
            : restored.Type != NodeType.File ? "is no file"
            : restored.Size != length ? $"has {restored.Size} bytes and not {length}"
            : restored.Metadata.Permissions != file.Metadata.Permissions ? "has another mode"
            : restored.Metadata.Modified != file.Metadata.Modified ? "has another time"
            : null;
        if (difference is not null)
        {
            throw Failed(path, difference);
        }
    }

    /// <summary>The top of the copy; null when there is none.</summary>
    private async Task<SourceEntry?> FindAsync(CancellationToken cancellationToken)
    {
        SourceEntry? at = _source.Root;
        foreach (var name in Path.GetFullPath(directory).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            at = (await ListAsync("/", at, cancellationToken)).GetValueOrDefault(new EntryName(name));
        }

        return at;
    }

    /// <summary>What is in a directory of the copy; nothing where there is none, so that each file below it is missing.</summary>
    private async Task<Dictionary<EntryName, SourceEntry>> ListAsync(string path, SourceEntry? copy, CancellationToken cancellationToken)
    {
        if (copy is not { Type: NodeType.Directory, Failure: null })
        {
            return [];
        }

        try
        {
            return (await _source.ListAsync(copy, cancellationToken)).ToDictionary(entry => entry.Name);
        }
        catch (SourceException unreadable)
        {
            throw Failed(path, unreadable.Message);
        }
    }

    private static BackupException Failed(string path, string why) => new(ErrorCodes.ProofFailed, $"the restored copy of {path} {why}");
}
