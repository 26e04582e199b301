using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Archives;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;

namespace StellaOps.Backup.Coordinator.Verification;

/// <summary>What a request to verify comes to: one task per component of each point. An archived point is read in its archive, and only when it is named.</summary>
internal sealed class VerifyDrafts(PointCatalog points, PointUse use)
{
    public async Task<OperationDraft> DraftAsync(VerifyRequest request, CancellationToken cancellationToken)
    {
        var (chosen, archives) = Open(await ChooseAsync(request, cancellationToken));
        var single = request.Point is null ? null : chosen[0];
        return new OperationDraft
        {
            Kind = OperationKind.Verify,
            Components = [.. chosen.SelectMany(point => point.Snapshots).Where(snapshot => IsWanted(snapshot, request)).Select(snapshot => snapshot.Component).Distinct().Order()],
            PointId = single?.Id,
            PointName = single?.Name,
            Tasks = [.. chosen.SelectMany(point => point.Snapshots.Where(snapshot => IsWanted(snapshot, request)).OrderBy(snapshot => snapshot.Part), (point, snapshot) => new TaskDraft
            {
                Part = snapshot.Part,
                Stage = 1,
                PointId = point.Id,
                PointName = point.Name,
                Verify = new VerifySpec { PointId = point.Id, PointName = point.Name, SnapshotId = snapshot.SnapshotId, Source = archives.GetValueOrDefault(point.Id) },
            })],
        };
    }

    /// <summary>Of archived points the snapshots in their archives.</summary>
    private static (IReadOnlyList<PointRow> Points, IReadOnlyDictionary<Guid, ArchiveSource> Archives) Open(IReadOnlyList<PointRow> points)
    {
        var archived = points.Select(ArchivedPoint.Of).OfType<ArchivedPoint>().ToDictionary(point => point.Row.Id);
        return ([.. points.Select(point => archived.GetValueOrDefault(point.Id)?.Row ?? point)], archived.ToDictionary(point => point.Key, point => point.Value.Source));
    }

    private static bool IsWanted(SnapshotRow snapshot, VerifyRequest request) =>
        request.Cluster is null || snapshot.Part == new Part(Component.Database, request.Cluster);

    private async Task<IReadOnlyList<PointRow>> ChooseAsync(VerifyRequest request, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(request.Point) == !request.AllUnverified)
        {
            throw new BackupException(ErrorCodes.InvalidInput, "either a point or all unverified points are wanted", "Name one with --name, or use --all-unverified.");
        }

        if (request.Point is not null && !request.AllUnverified)
        {
            var point = await points.FindAsync(request.Point, cancellationToken);
            await use.RequireNotDeletingAsync(point, cancellationToken);
            _ = PartChoice.Choose((ArchivedPoint.Of(point)?.Row ?? point).Snapshots.Select(snapshot => snapshot.Part), [], request.Cluster, $"recovery point '{point.Name}'");
            return [point];
        }

        var all = await points.All.Where(point => !point.Deleting).OrderBy(point => point.FinishedAt).ToListAsync(cancellationToken);
        var dropping = await use.DroppingAsync(cancellationToken);
        return [.. all.Where(point => !point.IsArchived() && PointProof.Of(point) == PointProof.Unverified && !point.Snapshots.Exists(snapshot => dropping.ContainsKey(snapshot.SnapshotId)))];
    }
}
