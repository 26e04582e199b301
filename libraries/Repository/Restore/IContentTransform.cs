using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Changes files on their way out of a snapshot, such as decrypting them.</summary>
public interface IContentTransform
{
    /// <summary>The name under which a file is restored in its directory; null restores it as it is.</summary>
    /// <param name="path">Relative to the restored subtree.</param>
    /// <param name="file">The file's node.</param>
    EntryName? NameOf(string path, Node file);

    /// <summary>Turns the saved content into the restored one.</summary>
    Task TransformAsync(string path, Stream saved, Stream restored, CancellationToken cancellationToken);
}
