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
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.TestRestores;

/// <summary>What a request for a test-restore comes to: the database first, because it says which evidence it refers to.</summary>
internal sealed class TestRestoreDrafts(PointCatalog points, PointUse use, WorkerDirectory workers)
{
    public async Task<OperationDraft> DraftAsync(TestRestoreRequest request, CancellationToken cancellationToken)
    {
        TargetDirectory.Check(request.Target);
        var point = await ChooseAsync(request, cancellationToken);
        point.RequireInLocation();
        await use.RequireNotDeletingAsync(point, cancellationToken);
        var parts = PartChoice.Choose(point.Snapshots.Select(snapshot => snapshot.Part), [], request.Cluster, $"recovery point '{point.Name}'");
        await workers.RequireOneServerEachAsync(parts, cancellationToken);
        if (request.Replay && !parts.Any(part => part.Component == Component.Database))
        {
            throw new BackupException(ErrorCodes.InvalidInput, $"recovery point '{point.Name}' has no database that WAL could be replayed on");
        }

        return new OperationDraft
        {
            Kind = OperationKind.TestRestore,
            Components = [.. parts.Select(part => part.Component).Distinct()],
            PointId = point.Id,
            PointName = point.Name,
            Request = new OperationRequest { DryRun = request.DryRun, Target = request.Target },
            Tasks = [.. parts.Select(part => new TaskDraft
            {
                Part = part,
                Stage = part.Component == Component.Database ? 1 : 2,
                PointId = point.Id,
                PointName = point.Name,
                TestRestore = new TestRestoreSpec
                {
                    PointId = point.Id,
                    PointName = point.Name,
                    SnapshotId = point.Snapshots.Single(snapshot => snapshot.Part == part).SnapshotId,
                    TargetDirectory = TargetDirectory.For(request.Target, part, parts),
                    Replay = request.Replay && part.Component == Component.Database,
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
        if (request.Cluster is { } cluster)
        {
            return await newest.FirstOrDefaultAsync(point => point.Snapshots.Any(snapshot => snapshot.Component == Component.Database && snapshot.Cluster == cluster), cancellationToken)
                ?? throw new BackupException(ErrorCodes.PointNotFound, $"there is no recovery point of cluster '{cluster}' yet", $"Take one: stella backup create --cluster {cluster}");
        }

        return await newest.FirstOrDefaultAsync(point => point.Snapshots.Any(snapshot => snapshot.Component == Component.Database), cancellationToken)
            ?? await newest.FirstOrDefaultAsync(point => point.Snapshots.Any(), cancellationToken)
            ?? throw new BackupException(ErrorCodes.PointNotFound, "there is no recovery point yet", "Take one: stella backup create --full");
    }
}
