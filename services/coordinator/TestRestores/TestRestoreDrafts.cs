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
using StellaOps.Backup.Coordinator.Restores;
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.TestRestores;

/// <summary>What a request for a test-restore comes to: the database first, because it says which evidence it refers to.</summary>
internal sealed class TestRestoreDrafts(PointCatalog points, PointUse use, WorkerDirectory workers)
{
    /// <param name="request">What is wanted.</param>
    /// <param name="asked">Its components; empty for all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<OperationDraft> DraftAsync(TestRestoreRequest request, IReadOnlyList<Component> asked, CancellationToken cancellationToken)
    {
        TargetDirectory.Check(request.Target);
        var point = await ChooseAsync(request, asked, cancellationToken);
        point.RequireInLocation();
        RestoreDrafts.RequireHeld(point, asked);
        await use.RequireNotDeletingAsync(point, cancellationToken);
        var parts = PartChoice.Choose(point.Snapshots.Select(snapshot => snapshot.Part), asked, request.Cluster, $"recovery point '{point.Name}'");
        await workers.RequireOneServerEachAsync(parts, cancellationToken);
        if (request.Replay && !parts.Any(part => part.Component == Component.Database))
        {
            throw new BackupException(
                ErrorCodes.InvalidInput, $"no database of recovery point '{point.Name}' is restored that WAL could be replayed on", "Leave --replay out, or name a point and a type with a database.");
        }

        var wanted = new OperationRequest { DryRun = request.DryRun, Target = request.Target };
        return new OperationDraft
        {
            Kind = OperationKind.TestRestore,
            Components = [.. parts.Select(part => part.Component).Distinct()],
            PointId = point.Id,
            PointName = point.Name,
            Request = wanted,
            Details = $"{wanted.Words("to a scratch directory")}: {string.Join(", ", parts.Select(part => part.Title))}{(request.Replay ? ", with WAL" : "")}",
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

    private async Task<PointRow> ChooseAsync(TestRestoreRequest request, IReadOnlyList<Component> asked, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(request.Point) == !request.Latest)
        {
            throw new BackupException(ErrorCodes.InvalidInput, "either a point or the latest one is wanted", "Name one with --name, or use --latest.");
        }

        return request.Latest
            ? await LatestAsync(asked, request.Cluster, cancellationToken)
            : await points.FindAsync(request.Point!, cancellationToken);
    }

    /// <summary>The newest point that holds what was named. A database is worth most, where nothing was.</summary>
    private async Task<PointRow> LatestAsync(IReadOnlyList<Component> asked, string? cluster, CancellationToken cancellationToken)
    {
        IQueryable<PointRow> newest = points.All.Where(point => !point.Deleting).OrderByDescending(point => point.FinishedAt);
        foreach (var component in asked)
        {
            newest = newest.Where(point => point.Snapshots.Any(snapshot => snapshot.Component == component));
        }

        if (cluster is not null)
        {
            return await newest.FirstOrDefaultAsync(point => point.Snapshots.Any(snapshot => snapshot.Component == Component.Database && snapshot.Cluster == cluster), cancellationToken)
                ?? throw new BackupException(ErrorCodes.PointNotFound, $"there is no recovery point of cluster '{cluster}' yet", $"Take one: stella backup create --cluster {cluster}");
        }

        if (asked.Count > 0)
        {
            var names = asked.Select(component => component.Name()).ToList();
            return await newest.FirstOrDefaultAsync(cancellationToken)
                ?? throw new BackupException(ErrorCodes.PointNotFound, $"there is no recovery point yet that holds {string.Join(" and ", names)}", $"Take one: stella backup create --type {string.Join(',', names)}");
        }

        return await newest.FirstOrDefaultAsync(point => point.Snapshots.Any(snapshot => snapshot.Component == Component.Database), cancellationToken)
            ?? await newest.FirstOrDefaultAsync(point => point.Snapshots.Any(), cancellationToken)
            ?? throw new BackupException(ErrorCodes.PointNotFound, "there is no recovery point yet", "Take one: stella backup create --full");
    }
}
