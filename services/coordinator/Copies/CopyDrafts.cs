using System.Text;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Restores;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Portable;

namespace StellaOps.Backup.Coordinator.Copies;

/// <summary>What a request for a copy comes to: a list by a worker of each component, then one archive by one of them.</summary>
internal sealed class CopyDrafts(PointCatalog points, PointUse use, PointStore store)
{
    /// <summary>What needs the location, and so is asked before the acceptance lock is taken.</summary>
    /// <returns>The signed manifest of the point, as it is stored.</returns>
    public async Task<SignedEnvelope> CheckAsync(CopyRequest request, CancellationToken cancellationToken)
    {
        ArchiveAddress.CheckPlace(request.Destination);
        var point = await points.FindAsync(request.Point, cancellationToken);
        return await store.LoadEnvelopeAsync(StoredPoint.At(point.Id, point.StartedAt), cancellationToken);
    }

    public async Task<OperationDraft> DraftAsync(CopyRequest request, SignedEnvelope manifest, CancellationToken cancellationToken)
    {
        var point = await points.FindAsync(request.Point, cancellationToken);
        await use.RequireNotDeletingAsync(point, cancellationToken);
        RestoreDrafts.RequireUndamaged(point, point.Snapshots);
        var components = point.Snapshots.GroupBy(snapshot => snapshot.Component).OrderBy(rows => rows.Key).ToList();
        return new OperationDraft
        {
            Kind = OperationKind.Copy,
            Components = [.. components.Select(rows => rows.Key)],
            PointId = point.Id,
            PointName = point.Name,
            Request = new OperationRequest { Target = request.Destination },
            Tasks = [.. components.Select(rows => Export(point, rows)), Archive(point, request.Destination, manifest)],
        };
    }

    /// <summary>All clusters of the database are in one repository: one task is enough for them.</summary>
    private static TaskDraft Export(PointRow point, IEnumerable<SnapshotRow> snapshots) => new()
    {
        Part = snapshots.Min(snapshot => snapshot.Part),
        Stage = CopyPlan.ExportStage,
        PointId = point.Id,
        PointName = point.Name,
        Export = new ExportSpec { PointId = point.Id, PointName = point.Name, SnapshotIds = [.. snapshots.Select(snapshot => snapshot.SnapshotId)] },
    };

    private static TaskDraft Archive(PointRow point, string destination, SignedEnvelope manifest) => new()
    {
        Part = Writer(point),
        Stage = CopyPlan.ArchiveStage,
        PointId = point.Id,
        PointName = point.Name,
        Archive = new ArchiveSpec
        {
            PointId = point.Id,
            PointName = point.Name,
            Destination = destination,
            Full = point.Full,
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
