using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;
using StellaOps.Backup.SecretsBackup.Encryption;

namespace StellaOps.Backup.SecretsBackup.Restoring;

/// <summary>A part of the snapshot and where it goes.</summary>
/// <param name="Path">Where it goes: a directory or a file.</param>
/// <param name="Subtree">What goes there, as a path of the snapshot.</param>
/// <param name="IsFile">Whether it is a single file.</param>
internal sealed record RestorePlace(string Path, string Subtree, bool IsFile)
{
    /// <summary>The whole snapshot into a directory.</summary>
    public static RestorePlace Whole(string directory) => new(directory, "/", IsFile: false);

    /// <summary>A path at its own place; null when the snapshot does not have it, because it did not exist then.</summary>
    public static async Task<RestorePlace?> FindAsync(SavedSecrets saved, string path, CancellationToken cancellationToken)
    {
        var trees = new TreeReader(saved.Repository.Blobs);
        var root = saved.Snapshot.Tree;
        if (await trees.FindAsync(root, path, cancellationToken) is { Type: NodeType.Directory })
        {
            return new RestorePlace(path, path, IsFile: false);
        }

        var encrypted = path + AgeNames.Suffix;
        return await trees.FindAsync(root, encrypted, cancellationToken) is { Type: NodeType.File }
            ? new RestorePlace(path, encrypted, IsFile: true)
            : null;
    }
}
