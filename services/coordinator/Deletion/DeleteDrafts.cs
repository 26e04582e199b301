using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;

namespace StellaOps.Backup.Coordinator.Deletion;

/// <summary>What a request to delete a point comes to.</summary>
internal sealed class DeleteDrafts(PointCatalog points, PointUse use)
{
    public async Task<OperationDraft> DraftAsync(string nameOrId, bool confirm, string? reason, CancellationToken cancellationToken)
    {
        var point = await points.FindAsync(nameOrId, cancellationToken, deletingToo: true);
        if (!confirm)
        {
            throw new BackupException(ErrorCodes.ConfirmationMissing, $"deleting recovery point '{point.Name}' needs a confirmation");
        }

        await use.RequireUnusedAsync(point, cancellationToken);
        if (!point.Deleting)
        {
            await use.RequireNotLastProvenAsync(point, cancellationToken);
            await use.RequireNotLastWholeAsync(point, cancellationToken);
        }

        return new OperationDraft
        {
            Kind = OperationKind.Delete,
            Components = [.. point.Snapshots.Select(snapshot => snapshot.Component).Distinct().Order()],
            PointId = point.Id,
            PointName = point.Name,
            Request = new OperationRequest { Reason = reason },
            Tasks = [.. point.Snapshots.OrderBy(snapshot => snapshot.Part).Select(snapshot => new TaskDraft
            {
                Part = snapshot.Part,
                Stage = 1,
                PointId = point.Id,
                PointName = point.Name,
                Forget = new ForgetSpec { SnapshotIds = [snapshot.SnapshotId] },
            })],
        };
    }
}
