using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Archives;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;

namespace StellaOps.Backup.Coordinator.Diffs;

/// <summary>What a request to compare two points comes to: one task for a worker of the configuration, which knows the password of its repository.</summary>
internal sealed class DiffDrafts(PointCatalog points, PointUse use)
{
    private static readonly Part Configuration = new(Component.Config);

    public async Task<OperationDraft> DraftAsync(DiffRequest request, CancellationToken cancellationToken)
    {
        if (request.Path is { } path && !path.StartsWith('/'))
        {
            throw new BackupException(ErrorCodes.InvalidInput, $"the path '{path}' is not absolute", "Name it as it was saved: /etc/stellaops/app.yaml.");
        }

        var (_, before) = await FindAsync(request.Before, cancellationToken);
        var (point, after) = await FindAsync(request.After, cancellationToken);
        return new OperationDraft
        {
            Kind = OperationKind.Diff,
            Components = [Component.Config],
            PointId = point.Id,
            PointName = point.Name,
            Tasks =
            [
                new TaskDraft { Part = Configuration, Stage = 1, PointId = point.Id, PointName = point.Name, Diff = new DiffSpec { Before = before, After = after, Path = request.Path } },
            ],
        };
    }

    private async Task<(PointRow Point, string Snapshot)> FindAsync(string nameOrId, CancellationToken cancellationToken)
    {
        var point = await points.FindAsync(nameOrId, cancellationToken);
        point.RequireInLocation();
        await use.RequireNotDeletingAsync(point, cancellationToken);
        return point.Snapshots.Find(snapshot => snapshot.Part == Configuration) is { } config
            ? (point, config.SnapshotId)
            : throw new BackupException(ErrorCodes.InvalidInput, $"recovery point '{point.Name}' has no configuration", "'stella backup list --type config' shows the points that have.");
    }
}
