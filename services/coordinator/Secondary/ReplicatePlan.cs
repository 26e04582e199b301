using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Wal;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Secondary;

/// <summary>
/// Replicate: workers bring their repositories of the secondary location up to date; then, last, the manifest is written there. Where snapshots were dropped,
/// the manifests went first (<see cref="SecondaryRound"/>), and WAL that neither location needs goes now.
/// </summary>
internal sealed class ReplicatePlan(
    CatalogContext catalog, Replicas replicas, PointCatalog points, SecondaryLocation secondary, SecondaryObjects objects, WalRetention wal, TimeProvider clock) : OperationPlan
{
    public override OperationKind Kind => OperationKind.Replicate;

    /// <summary>A component that could not be copied costs the others nothing.</summary>
    public override bool NeedsSealing(Operation operation, IReadOnlyList<TaskRow> tasks) => secondary.Store is not null && tasks.Any(task => task.State == TaskState.Finished);

    public override async Task<ErrorInfo?> SealAsync(Operation operation, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken)
    {
        var done = tasks.Where(task => task.State == TaskState.Finished).ToList();
        if (operation.PointId is { } id)
        {
            await SaveAsync(operation, id, done, cancellationToken);
        }
        else
        {
            await NoteDroppedAsync([.. done.SelectMany(task => task.Command.Replicate!.Drop)], cancellationToken);
            await wal.ApplyToAsync(secondary.Store!, secondary.Points, cancellationToken);
        }

        return null;
    }

    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks) => Conclusion.Of(tasks);

    /// <summary>A point that was dropped meanwhile gets no manifest there, and what was copied of it is noted, so that it goes.</summary>
    private async Task SaveAsync(Operation operation, Guid id, List<TaskRow> done, CancellationToken cancellationToken)
    {
        var earlier = await catalog.Replicas.AsNoTracking().SingleOrDefaultAsync(row => row.PointId == id, cancellationToken);
        var before = earlier?.Snapshots ?? [];
        var version = await replicas.VersionAsync(id, cancellationToken);
        var point = await points.All.SingleOrDefaultAsync(point => point.Id == id && !point.Deleting, cancellationToken);
        var parts = point?.Snapshots.ToDictionary(snapshot => snapshot.SnapshotId, snapshot => snapshot.Part) ?? [];
        var copies = done.SelectMany(
            task => task.Result?.Replicate?.Present ?? [],
            (task, copied) => new ReplicatedSnapshot(task.Component, parts.GetValueOrDefault(copied, task.Part).Column, copied));
        var row = new ReplicaRow
        {
            PointId = id,
            LocationId = await LocationIdAsync(cancellationToken),
            PointName = operation.PointName!,
            StartedAt = point?.StartedAt ?? earlier?.StartedAt ?? operation.AcceptedAt,
            FinishedAt = point?.FinishedAt ?? earlier?.FinishedAt ?? operation.AcceptedAt,
            Snapshots = [.. before, .. copies.Where(copy => before.All(there => there.SnapshotId != copy.SnapshotId))],
            ReplicatedAt = clock.GetUtcNow(),
        };
        if (row.Snapshots.Count > 0)
        {
            row.Protection = point is null ? null : await objects.SaveAsync(point, row.Snapshots, cancellationToken);

            row.PointVersion = point?.Snapshots.TrueForAll(here => row.Snapshots.Any(there => there.SnapshotId == here.SnapshotId)) == true ? version : null;

            // Durable: the point exists there, with what protects it. A crash here leaves it out of the books, and it is copied again: nothing has to be moved.
            await NoteAsync(row, cancellationToken);
        }
    }

    private async Task NoteAsync(ReplicaRow row, CancellationToken cancellationToken)
    {
        await catalog.Replicas.Where(earlier => earlier.PointId == row.PointId).ExecuteDeleteAsync(cancellationToken);
        catalog.Replicas.Add(row);
        await catalog.SaveChangesAsync(cancellationToken);
    }

    private async Task NoteDroppedAsync(HashSet<string> dropped, CancellationToken cancellationToken)
    {
        var listed = await catalog.Points.Select(point => point.Id).ToListAsync(cancellationToken);
        foreach (var row in (await catalog.Replicas.ToListAsync(cancellationToken)).Where(row => row.Snapshots.Any(snapshot => dropped.Contains(snapshot.SnapshotId))))
        {
            row.Snapshots = [.. row.Snapshots.Where(snapshot => !dropped.Contains(snapshot.SnapshotId))];
            if (row.Snapshots.Count == 0 && !listed.Contains(row.PointId))
            {
                catalog.Replicas.Remove(row);
            }
        }

        await catalog.SaveChangesAsync(cancellationToken);
    }

    private async Task<string> LocationIdAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await LocationFile.FindAsync(secondary.Store!, cancellationToken))?.Id
                ?? throw new StorageException(StorageFailure.Unavailable, $"{secondary.Store!.Description} is no location any more: it has no {LocationFile.Key}");
        }
        catch (StorageException failure)
        {
            throw failure.ToBackupException("the secondary location cannot be read");
        }
    }
}
