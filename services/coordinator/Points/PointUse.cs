using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Parts;

namespace StellaOps.Backup.Coordinator.Points;

/// <summary>Keeps a point and its deletion apart. Asked under the acceptance lock, so that nothing comes between.</summary>
internal sealed class PointUse(CatalogContext catalog, PointCatalog points)
{
    /// <exception cref="BackupException">A deletion of the point, or of a part of it, was accepted.</exception>
    public async Task RequireNotDeletingAsync(PointRow point, CancellationToken cancellationToken)
    {
        var dropping = await DroppingAsync(cancellationToken);
        if (point.Snapshots.Find(snapshot => dropping.ContainsKey(snapshot.SnapshotId)) is { } dropped)
        {
            throw new BackupException(ErrorCodes.OperationConflict, $"recovery point '{point.Name}' is being deleted by operation {dropping[dropped.SnapshotId]}, or a part of it");
        }

        // Of an archived point there are no snapshots to see it by.
        if (await catalog.Operations.AsNoTracking().FirstOrDefaultAsync(
            one => one.Kind == OperationKind.Delete && one.PointId == point.Id && one.CurrentState != nameof(OperationState.Finished), cancellationToken) is { } deletion)
        {
            throw new BackupException(ErrorCodes.OperationConflict, $"recovery point '{point.Name}' is being deleted by operation {deletion.CorrelationId}");
        }
    }

    /// <summary>Ids of snapshots that operations are about to forget, with the operation.</summary>
    public async Task<IReadOnlyDictionary<string, Guid>> DroppingAsync(CancellationToken cancellationToken)
    {
        var commands = await catalog.Tasks.AsNoTracking()
            .Where(task => (task.Kind == OperationKind.Delete || task.Kind == OperationKind.Retention)
                && catalog.Operations.Any(operation => operation.CorrelationId == task.OperationId && operation.CurrentState != nameof(OperationState.Finished)))
            .Select(task => task.Command).ToListAsync(cancellationToken);
        return commands.SelectMany(command => command.Forget!.SnapshotIds, (command, id) => (id, command.OperationId))
            .DistinctBy(one => one.id).ToDictionary(one => one.id, one => one.OperationId);
    }

    /// <summary>Of each part the newest point stays whose restore was proven: it is the one that is known to bring the data back.</summary>
    /// <exception cref="BackupException"><c>refused.last-proven</c>.</exception>
    public async Task RequireNotLastProvenAsync(PointRow point, CancellationToken cancellationToken)
    {
        var proven = point.Snapshots.Where(snapshot => IsProven(point, snapshot)).Select(snapshot => snapshot.Part).Order().ToList();
        if (proven.Count == 0)
        {
            return;
        }

        var others = await points.All.Where(other => !other.Deleting && other.Id != point.Id && other.FinishedAt >= point.FinishedAt).ToListAsync(cancellationToken);
        var last = proven.Where(part => !others.Exists(other => other.Snapshots.Exists(snapshot => snapshot.Part == part && IsProven(other, snapshot)))).ToList();
        if (last.Count > 0)
        {
            throw new BackupException(
                ErrorCodes.LastProven,
                $"recovery point '{point.Name}' is the newest one whose restore was proven, of {string.Join(", ", last.Select(part => part.Title))}");
        }
    }

    /// <summary>
    /// Of each part the newest point stays that is whole, while later ones are not: damaged pages of a running database, say, go into every
    /// backup until somebody has mended it.
    /// </summary>
    /// <exception cref="BackupException"><c>refused.last-whole</c>.</exception>
    public async Task RequireNotLastWholeAsync(PointRow point, CancellationToken cancellationToken)
    {
        var later = await points.All.Where(other => !other.Deleting && other.Id != point.Id && other.FinishedAt >= point.FinishedAt).ToListAsync(cancellationToken);
        var last = point.Snapshots.Select(snapshot => snapshot.Part).Where(part => IsWhole(point, part)).Order()
            .Select(part => (Part: part, Later: later.Where(other => other.Snapshots.Exists(snapshot => snapshot.Part == part)).ToList()))
            .Where(one => one.Later.Count > 0 && !one.Later.Exists(other => IsWhole(other, one.Part))).ToList();
        if (last.Count > 0)
        {
            throw new BackupException(
                ErrorCodes.LastWhole,
                $"recovery point '{point.Name}' is the newest one with a whole {string.Join(", ", last.Select(one => one.Part.Title))}; of later ones "
                + $"{string.Join(", ", last.SelectMany(one => one.Later).Select(other => $"'{other.Name}'").Distinct().Order(StringComparer.Ordinal))} it is incomplete or damaged");
        }
    }

    internal static bool IsWhole(PointRow point, Part part) =>
        point.Snapshots.Exists(snapshot => snapshot.Part == part && snapshot.Damages.Count == 0)
        && point.Manifest.Components.Any(snapshot => new Part(snapshot.Component, snapshot.Cluster) == part && snapshot.Outcome == Outcome.Complete);

    internal static bool IsProven(PointRow point, SnapshotRow snapshot) =>
        snapshot.Damages.Count == 0 && PointProof.DepthOf(point, snapshot.Part) == ProofDepth.Restored;

    /// <summary>A copy of it to the secondary location is none: what is dropped meanwhile is not copied.</summary>
    /// <exception cref="BackupException">An operation that has not ended uses the point.</exception>
    public async Task RequireUnusedAsync(PointRow point, CancellationToken cancellationToken) => RequireNone(point, await UsersOf(point).FirstOrDefaultAsync(cancellationToken));

    /// <summary>
    /// Each copy of a point to one place is another archive of the same name: of two at once, one would replace what the other has written. Which archive an archived
    /// point is in is recorded when its operation ends, hours after that was read back.
    /// </summary>
    /// <exception cref="BackupException">An operation that has not ended copies the point to that place, or archives it, wherever to.</exception>
    public async Task RequireNotCopyingAsync(PointRow point, string destination, CancellationToken cancellationToken)
    {
        var users = await UsersOf(point).Where(user => user.Kind == OperationKind.Copy || user.Kind == OperationKind.Archive).ToListAsync(cancellationToken);
        RequireNone(point, users.Find(user => user.Kind == OperationKind.Archive || Turns.IsSamePlace(user.Request.Target, destination)));
    }

    /// <summary>Whether an operation that has not ended uses the point, copies it, deletes it, or is about to drop a part of it.</summary>
    public async Task<bool> IsUsedAsync(PointRow point, CancellationToken cancellationToken)
    {
        var dropping = await DroppingAsync(cancellationToken);
        return point.Snapshots.Exists(snapshot => dropping.ContainsKey(snapshot.SnapshotId))
            || await catalog.Operations.AnyAsync(
                one => one.CurrentState != nameof(OperationState.Finished)
                    && (one.PointId == point.Id
                        || (one.Kind != OperationKind.Replicate && catalog.Tasks.Any(task => task.OperationId == one.CorrelationId && task.PointId == point.Id))),
                cancellationToken);
    }

    private static void RequireNone(PointRow point, Operation? user)
    {
        if (user is not null)
        {
            throw new BackupException(
                ErrorCodes.OperationConflict,
                $"recovery point '{point.Name}' is used by operation {user.CorrelationId} ({user.Kind.Name()})",
                "Wait for that operation to end, or cancel it.");
        }
    }

    private IQueryable<Operation> UsersOf(PointRow point) => catalog.Operations.AsNoTracking().Where(
        operation => operation.CurrentState != nameof(OperationState.Finished) && operation.Kind != OperationKind.Replicate
            && catalog.Tasks.Any(task => task.OperationId == operation.CorrelationId && task.PointId == point.Id));
}
