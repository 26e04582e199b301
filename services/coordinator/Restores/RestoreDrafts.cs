using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;

namespace StellaOps.Backup.Coordinator.Restores;

/// <summary>What a request to restore comes to. Everything that can be refused is refused here, before any data is touched.</summary>
internal sealed class RestoreDrafts(PointCatalog points, PointUse use)
{
    public async Task<OperationDraft> DraftAsync(RestoreRequest request, IReadOnlyList<Component> asked, CancellationToken cancellationToken)
    {
        var point = await points.FindAsync(request.Point, cancellationToken);
        await use.RequireNotDeletingAsync(point, cancellationToken);
        var snapshots = Choose(point, asked);
        RequireUndamaged(point, snapshots);
        return new OperationDraft
        {
            Kind = OperationKind.Restore,
            Components = [.. snapshots.Select(snapshot => snapshot.Component)],
            PointId = point.Id,
            PointName = point.Name,
            Request = new OperationRequest { DryRun = request.DryRun, Target = request.Target, Reason = request.Reason },
            Tasks = [.. snapshots.Select(snapshot => new TaskDraft
            {
                Component = snapshot.Component,
                Stage = RestorePlan.StageOf(snapshot.Component),
                PointId = point.Id,
                PointName = point.Name,
                Restore = new RestoreSpec
                {
                    PointId = point.Id,
                    PointName = point.Name,
                    SnapshotId = snapshot.SnapshotId,
                    TargetDirectory = snapshots.Count == 1 ? request.Target : TargetDirectory.For(request.Target, snapshot.Component),
                    DryRun = request.DryRun,
                    KeepReplaced = request.KeepReplaced,
                },
            })],
        };
    }

    /// <summary>The point's snapshots of the components that were asked for; all of them when none was named.</summary>
    public static IReadOnlyList<SnapshotRow> Choose(PointRow point, IReadOnlyList<Component> asked)
    {
        var lacking = asked.Except(point.Snapshots.Select(snapshot => snapshot.Component)).Select(component => component.Name()).ToList();
        return lacking.Count > 0
            ? throw new BackupException(ErrorCodes.InvalidInput, $"recovery point '{point.Name}' does not hold {string.Join(", ", lacking)}", $"'stella backup info --name {point.Name}' shows what it holds.")
            : [.. point.Snapshots.Where(snapshot => asked.Count == 0 || asked.Contains(snapshot.Component)).OrderBy(snapshot => snapshot.Component)];
    }

    private static void RequireUndamaged(PointRow point, IReadOnlyList<SnapshotRow> snapshots)
    {
        var damaged = snapshots.Where(snapshot => snapshot.Damages.Count > 0).Select(snapshot => snapshot.Component.Name()).ToList();
        if (damaged.Count > 0)
        {
            throw new BackupException(
                ErrorCodes.Damaged,
                $"recovery point '{point.Name}' is known to be damaged in {string.Join(", ", damaged)}",
                "Restore from an earlier point ('stella backup list' shows which are proven), or verify again after a repair.");
        }
    }
}
