using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Archives;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Restores;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Portable;

namespace StellaOps.Backup.Coordinator.Copies;

/// <summary>What a request for a copy comes to.</summary>
internal sealed class CopyDrafts(PointCatalog points, PointUse use, [FromKeyedServices(LocationPatience.Asked)] PointStore store)
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
        point.RequireInLocation();
        await use.RequireNotDeletingAsync(point, cancellationToken);
        await use.RequireNotCopyingAsync(point, request.Destination, cancellationToken);
        RestoreDrafts.RequireUndamaged(point, point.Snapshots);
        return new OperationDraft
        {
            Kind = OperationKind.Copy,
            Components = [.. point.Snapshots.Select(snapshot => snapshot.Component).Distinct().Order()],
            PointId = point.Id,
            PointName = point.Name,
            Request = new OperationRequest { Target = request.Destination },
            Details = $"to {request.Destination}",
            Tasks = [.. CopyStages.Of(point, manifest, request.Destination, first: 1, moves: false)],
        };
    }
}
