using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Archives;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Events;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Wal;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;

namespace StellaOps.Backup.Coordinator.Undeletion;

/// <summary>
/// Undelete, the reverse of <see cref="PointDropping"/>: (1) workers bring the snapshots back, (2) the manifest follows, signed anew, (3) then the catalog. What one
/// repository cannot bring back costs the others nothing; it can be asked for again.
/// </summary>
internal sealed class UndeletePlan(CatalogContext catalog, PointStore store, PointSigner signer, WalReach wal, TaskBoard board, OperationLog log) : OperationPlan
{
    public override OperationKind Kind => OperationKind.Undelete;

    /// <summary>It may have waited behind an operation after which the point is another: one that is archived has nothing in the location to be added to.</summary>
    public override async Task BeginAsync(Operation operation, CancellationToken cancellationToken)
    {
        try
        {
            (await catalog.Points.AsNoTracking().SingleOrDefaultAsync(row => row.Id == operation.PointId, cancellationToken))?.RequireInLocation();
        }
        catch (BackupException archived)
        {
            await board.RefuseAsync(operation.CorrelationId, archived.ToInfo(), cancellationToken);
        }
    }

    public override bool NeedsSealing(Operation operation, IReadOnlyList<TaskRow> tasks) => tasks.Any(task => task.State == TaskState.Finished);

    public override async Task<ErrorInfo?> SealAsync(Operation operation, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken)
    {
        var back = tasks.Where(task => task.State == TaskState.Finished).SelectMany(task => task.Command.Undelete!.SnapshotIds).ToHashSet();
        var forgotten = await catalog.Forgotten.Where(row => row.PointId == operation.PointId).ToListAsync(cancellationToken);
        var rows = forgotten.FindAll(row => back.Contains(row.Snapshot.SnapshotId));
        if (rows.Count == 0)
        {
            return await LackingAsync(operation, back, cancellationToken); // Again after a crash, and done already.
        }

        // Also with the parts that another operation is dropping at this moment: they have their rows.
        var point = await catalog.Points.IgnoreQueryFilters().Include(row => row.Snapshots).SingleOrDefaultAsync(row => row.Id == operation.PointId, cancellationToken);
        var manifest = new ForgottenPoint(operation.PointId!.Value, rows).With(point?.Manifest);
        await store.ReplaceAsync(manifest, signer, cancellationToken);

        // Durable: the point is back. A crash here leaves a catalog that lacks it, which the next run of this, or the start of a coordinator, lists.
        var whole = PointRow.From(manifest);
        if (point is null)
        {
            catalog.Points.Add(whole);
        }
        else
        {
            (point.Manifest, point.Full) = (manifest, manifest.Full);
            var returned = rows.Select(row => row.Part).ToHashSet();
            foreach (var snapshot in whole.Snapshots.Where(snapshot => returned.Contains(snapshot.Part)))
            {
                if (point.Snapshots.Find(row => row.Part == snapshot.Part) is { } there)
                {
                    there.Dropping = false;
                }
                else
                {
                    catalog.Snapshots.Add(snapshot);
                }
            }
        }

        catalog.Forgotten.RemoveRange(rows);
        foreach (var warning in await wal.LacksAsync(manifest, cancellationToken))
        {
            log.Warning(operation, warning);
        }

        await catalog.SaveChangesAsync(cancellationToken);
        return await LackingAsync(operation, back, cancellationToken);
    }

    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks) => Conclusion.Of(tasks);

    /// <summary>That it is done is seen, not assumed: a snapshot that no point lists again is not back for anybody.</summary>
    private async Task<ErrorInfo?> LackingAsync(Operation operation, HashSet<string> back, CancellationToken cancellationToken)
    {
        var listed = await catalog.Snapshots.AsNoTracking().IgnoreQueryFilters().Where(row => row.PointId == operation.PointId).Select(row => row.SnapshotId).ToListAsync(cancellationToken);
        return back.Except(listed).Order(StringComparer.Ordinal).ToList() is { Count: > 0 } lacking
            ? new BackupException(
                ErrorCodes.SnapshotNotFound, $"'{operation.PointName}' is without {string.Join(", ", lacking)}: what was known of it is gone, since its grace was over",
                "The snapshot is in the repository again: stella repo restore brings its files back.").ToInfo()
            : null;
    }
}
