using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;

namespace StellaOps.Backup.Coordinator.TestRestores;

/// <summary>What a request for a test-restore comes to: the database first, because it says which evidence it refers to.</summary>
internal sealed class TestRestoreDrafts(PointCatalog points, PointUse use)
{
    public async Task<OperationDraft> DraftAsync(TestRestoreRequest request, CancellationToken cancellationToken)
    {
        TargetDirectory.Check(request.Target);
        var point = await ChooseAsync(request, cancellationToken);
        await use.RequireNotDeletingAsync(point, cancellationToken);
        var components = point.Snapshots.Select(snapshot => snapshot.Component).Order().ToList();
        return new OperationDraft
        {
            Kind = OperationKind.TestRestore,
            Components = components,
            PointId = point.Id,
            PointName = point.Name,
            Request = new OperationRequest { DryRun = request.DryRun, Target = request.Target },
            Tasks = [.. components.Select(component => new TaskDraft
            {
                Component = component,
                Stage = component == Component.Database ? 1 : 2,
                PointId = point.Id,
                PointName = point.Name,
                TestRestore = new TestRestoreSpec
                {
                    PointId = point.Id,
                    PointName = point.Name,
                    SnapshotId = point.Snapshots.Single(snapshot => snapshot.Component == component).SnapshotId,
                    TargetDirectory = TargetDirectory.For(request.Target, component),
                    DryRun = request.DryRun,
                },
            })],
        };
    }

    private async Task<PointRow> ChooseAsync(TestRestoreRequest request, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(request.Point) == !request.Latest)
        {
            throw new BackupException(ErrorCodes.InvalidInput, "either a point or the latest one is wanted", "Name one with --name, or use --latest.");
        }

        if (!request.Latest)
        {
            return await points.FindAsync(request.Point!, cancellationToken);
        }

        var newest = points.All.Where(point => !point.Deleting).OrderByDescending(point => point.FinishedAt);
        return await newest.FirstOrDefaultAsync(point => point.Snapshots.Any(snapshot => snapshot.Component == Component.Database), cancellationToken)
            ?? await newest.FirstOrDefaultAsync(cancellationToken)
            ?? throw new BackupException(ErrorCodes.PointNotFound, "there is no recovery point yet", "Take one: stella backup create --full");
    }
}
