using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Points;

namespace StellaOps.Backup.Coordinator.Archives;

/// <summary>A point that is read from an archive: one of another place, which this installation need not know, or one that was moved there from the location.</summary>
/// <param name="Row">As if it were in the location, with its snapshots.</param>
/// <param name="Source">The archive.</param>
internal sealed record ArchivedPoint(PointRow Row, ArchiveSource Source)
{
    /// <summary>Null of a point of the location.</summary>
    public static ArchivedPoint? Of(PointRow point) => point.Manifest.Archive is { } archive
        ? new ArchivedPoint(PointRow.From(point.Manifest with { Archive = null }), new ArchiveSource { Url = archive.Url, ManifestSha256 = archive.ManifestSha256 })
        : null;
}

/// <summary>What it means for a point that it is archived.</summary>
internal static class ArchivedPointRules
{
    public static bool IsArchived(this PointRow point) => point.Manifest.Archive is not null;

    /// <exception cref="BackupException"><c>refused.archived</c>.</exception>
    public static void RequireInLocation(this PointRow point)
    {
        if (point.Manifest.Archive is { } archive)
        {
            throw new BackupException(
                ErrorCodes.PointArchived,
                $"recovery point '{point.Name}' is archived, and not in the location any more: {archive.Url}",
                $"Restore it from there beside the running system: stella backup restore --name {point.Name} --target DIR --confirm");
        }
    }
}
