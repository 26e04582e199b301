using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Parts;

namespace StellaOps.Backup.Coordinator.Secondary;

/// <summary>What it takes to copy a point to the secondary location, or to drop there what was dropped here: a task for each repository.</summary>
internal sealed class ReplicateDrafts(CatalogContext catalog, SecondaryBooks books)
{
    /// <summary>More of them are dropped by the next operation.</summary>
    public const int MostDropped = 500;

    /// <param name="point">The point.</param>
    /// <param name="live">A live worker of each component that has one; the others' snapshots follow when one is back.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<OperationDraft> CopyAsync(ReplicaPoint point, IReadOnlyDictionary<Component, Part> live, CancellationToken cancellationToken)
    {
        await RequireNoneAsync(cancellationToken);
        var wanted = point.Lacking.Where(snapshot => live.ContainsKey(snapshot.Component)).GroupBy(snapshot => snapshot.Component).OrderBy(group => group.Key).ToList();
        return new OperationDraft
        {
            Kind = OperationKind.Replicate,
            Components = [.. wanted.Select(group => group.Key)],
            PointId = point.Id,
            PointName = point.Name,
            Tasks = [.. wanted.Select(group => new TaskDraft
            {
                Part = live[group.Key],
                Stage = 1,
                PointId = point.Id,
                PointName = point.Name,
                Replicate = new ReplicateSpec { LocationId = books.LocationId, Copy = [.. group.Select(snapshot => snapshot.SnapshotId)] },
            })],
        };
    }

    public async Task<OperationDraft> DropAsync(IReadOnlyList<ReplicatedSnapshot> dropped, IReadOnlyDictionary<Component, Part> live, CancellationToken cancellationToken)
    {
        await RequireNoneAsync(cancellationToken);
        var groups = dropped.GroupBy(snapshot => snapshot.Component).OrderBy(group => group.Key).ToList();
        return new OperationDraft
        {
            Kind = OperationKind.Replicate,
            Components = [.. groups.Select(group => group.Key)],
            Request = new OperationRequest { Reason = "what was dropped goes from the secondary location" },
            Tasks = [.. groups.Select(group => new TaskDraft
            {
                Part = live[group.Key],
                Stage = 1,
                Replicate = new ReplicateSpec { LocationId = books.LocationId, Drop = [.. group.Select(snapshot => snapshot.SnapshotId).Distinct()] },
            })],
        };
    }

    /// <summary>Under the acceptance lock: of several coordinators one starts the next.</summary>
    private async Task RequireNoneAsync(CancellationToken cancellationToken)
    {
        if (await catalog.Operations.AnyAsync(operation => operation.Kind == OperationKind.Replicate && operation.CurrentState != nameof(OperationState.Finished), cancellationToken))
        {
            throw new BackupException(ErrorCodes.OperationConflict, "the secondary location is being filled already");
        }
    }
}
