using System.Text;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Portable;

namespace StellaOps.Backup.Coordinator.Copies;

/// <summary>The tasks that put one point into an archive: in one stage a list by a worker of each component, in the next the archive by one of them.</summary>
internal static class CopyStages
{
    /// <summary>Of an operation that copies one point: the stage of its archive.</summary>
    public const int CopyArchive = 2;

    /// <param name="point">The point, with snapshots in the location.</param>
    /// <param name="manifest">Its manifest, as it is stored.</param>
    /// <param name="destination">Address of the place.</param>
    /// <param name="first">Number of the first of the two stages.</param>
    /// <param name="moves">The point leaves the location: its archive is in nobody's way, and is not the latest one.</param>
    public static IEnumerable<TaskDraft> Of(PointRow point, SignedEnvelope manifest, string destination, int first, bool moves) =>
    [
        .. point.Snapshots.GroupBy(snapshot => snapshot.Component).OrderBy(rows => rows.Key).Select(rows => Export(point, rows, first)),
        Archive(point, manifest, destination, first + 1, moves),
    ];

    /// <summary>All clusters of the database are in one repository: one task is enough for them.</summary>
    private static TaskDraft Export(PointRow point, IEnumerable<SnapshotRow> snapshots, int stage) => new()
    {
        Part = snapshots.Min(snapshot => snapshot.Part),
        Stage = stage,
        PointId = point.Id,
        PointName = point.Name,
        Export = new ExportSpec { PointId = point.Id, PointName = point.Name, SnapshotIds = [.. snapshots.Select(snapshot => snapshot.SnapshotId)] },
    };

    private static TaskDraft Archive(PointRow point, SignedEnvelope manifest, string destination, int stage, bool moves) => new()
    {
        Part = Writer(point),
        Stage = stage,
        PointId = point.Id,
        PointName = point.Name,
        Archive = new ArchiveSpec
        {
            PointId = point.Id,
            PointName = point.Name,
            Destination = destination,
            Full = point.Full && !moves,
            KeepsExisting = moves,
            Files =
            [
                new ArchiveFile { Path = ArchiveReadme.Path, Content = ArchiveReadme.Text },
                new ArchiveFile { Path = StoredPoint.At(point.Id, point.StartedAt).Key, Content = Encoding.UTF8.GetString(manifest.ToJson()) },
            ],
        },
    };

    /// <summary>Any worker can write the archive. Not the database's where there is another: its host has the database to serve.</summary>
    private static Part Writer(PointRow point) =>
        point.Snapshots.Select(snapshot => snapshot.Part).OrderBy(part => part.Component == Component.Database).ThenBy(part => part).First();
}
