using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Archives;
using StellaOps.Backup.Coordinator.Backups;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Retention;

namespace StellaOps.Backup.Coordinator.Undeletion;

/// <summary>What a request to bring a point back comes to: a task for each repository.</summary>
internal sealed class UndeleteDrafts(CatalogContext catalog, ForgottenPoints points, PointUse use, BackupNames names, ForgetTasks tasks)
{
    public async Task<OperationDraft> DraftAsync(UndeleteRequest request, CancellationToken cancellationToken)
    {
        var point = await points.FindAsync(request.Point, cancellationToken);
        var left = await catalog.Points.AsNoTracking().SingleOrDefaultAsync(row => row.Id == point.Id, cancellationToken);
        if (left is { Deleting: true })
        {
            throw new BackupException(ErrorCodes.OperationConflict, $"recovery point '{left.Name}' is being deleted", "Wait for the end of the deletion, then bring it back.");
        }

        if (left is not null)
        {
            // What an archive was begun without would not be in it.
            left.RequireInLocation();
            await use.RequireUnusedAsync(left, cancellationToken);
        }
        else if (await names.IsTakenAsync(point.Manifest.Name, cancellationToken))
        {
            throw new BackupException(
                ErrorCodes.DuplicateName, $"the name '{point.Manifest.Name}' is taken by another recovery point or a backup under way", "Delete that one first, if it may go; or restore from it.");
        }

        var live = await tasks.LiveAsync(cancellationToken);
        return new OperationDraft
        {
            Kind = OperationKind.Undelete,
            Components = [.. point.Rows.Select(row => row.Component).Distinct().Order()],
            PointId = point.Id,
            PointName = point.Manifest.Name,
            Request = new OperationRequest { Reason = request.Reason },
            Tasks = [.. point.Rows.GroupBy(row => row.Component).OrderBy(rows => rows.Key).Select(rows => new TaskDraft
            {
                Part = live.GetValueOrDefault(rows.Key, rows.Min(row => row.Part)),
                Stage = 1,
                PointId = point.Id,
                PointName = point.Manifest.Name,
                Undelete = new UndeleteSpec { SnapshotIds = [.. rows.Select(row => row.Snapshot.SnapshotId)] },
            })],
        };
    }
}
