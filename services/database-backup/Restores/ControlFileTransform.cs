using StellaOps.Backup.Postgres.Control;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.DatabaseBackup.Restores;

/// <summary>
/// Restores <c>pg_control</c> under another name. Without it no server starts; the rename to its own name is the one step
/// that makes a restored directory a cluster.
/// </summary>
internal sealed class ControlFileTransform : IContentTransform
{
    public const string RestoredPath = ControlData.Path + ".restored";

    public static bool IsControlFile(string path) =>
        path == ControlData.Path || path.EndsWith($"/{ControlData.Path}", StringComparison.Ordinal);

    public EntryName? NameOf(string path, Node file) =>
        IsControlFile(path) ? new EntryName(Path.GetFileName(RestoredPath)) : null;

    public Task TransformAsync(string path, Stream saved, Stream restored, CancellationToken cancellationToken) =>
        saved.CopyToAsync(restored, cancellationToken);
}
