using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Archives;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Retention;

/// <summary>
/// What an operation marked to be dropped, and no worker touched before it ended: it was cancelled, or waited too long. That loses its mark, and is whole. What a
/// worker began to forget, now or earlier, may be gone: it stays marked, and the next run finishes it.
/// </summary>
internal sealed class UntouchedSnapshots(CatalogContext catalog)
{
    /// <summary>For an operation whose turn had come: nothing else drops anything of its components before this transaction ends.</summary>
    public async Task UnmarkAsync(IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken)
    {
        if (tasks.All(task => task.Fence > 0))
        {
            return;
        }

        var touched = await TouchedAsync(cancellationToken);
        var untouched = tasks.Where(task => task.Fence == 0).SelectMany(task => task.Command.Forget!.SnapshotIds, (task, id) => (task.Component, Id: id)).Except(touched).ToHashSet();
        var ids = untouched.Select(one => one.Id).ToList();
        var rows = await catalog.Snapshots.AsNoTracking().IgnoreQueryFilters().Where(row => ids.Contains(row.SnapshotId)).ToListAsync(cancellationToken);
        foreach (var point in rows.Where(row => untouched.Contains((row.Component, row.SnapshotId))).GroupBy(row => row.PointId))
        {
            await UnmarkAsync(point.Key, [.. point], touched, cancellationToken);
        }
    }

    private async Task UnmarkAsync(Guid id, IReadOnlyList<SnapshotRow> untouched, HashSet<(Component Component, string Id)> touched, CancellationToken cancellationToken)
    {
        if ((await catalog.Points.AsNoTracking().SingleAsync(point => point.Id == id, cancellationToken)).IsArchived())
        {
            return; // Its archive has taken over: what the location still has of it goes.
        }

        foreach (var row in untouched)
        {
            await catalog.Snapshots.IgnoreQueryFilters().Where(one => one.PointId == id && one.Component == row.Component && one.Cluster == row.Cluster)
                .ExecuteUpdateAsync(set => set.SetProperty(one => one.Dropping, false), cancellationToken);
        }

        // A point that was marked as a whole is one again unless a part of it may be gone that has no mark of its own.
        var parts = await catalog.Snapshots.AsNoTracking().Where(row => row.PointId == id).ToListAsync(cancellationToken);
        if (!parts.Exists(row => touched.Contains((row.Component, row.SnapshotId))))
        {
            await catalog.Points.Where(point => point.Id == id).ExecuteUpdateAsync(set => set.SetProperty(point => point.Deleting, false), cancellationToken);
        }
    }

    /// <summary>Snapshots that workers began to forget, in any operation, and that none has brought back since.</summary>
    private async Task<HashSet<(Component Component, string Id)>> TouchedAsync(CancellationToken cancellationToken)
    {
        var claimed = await catalog.Tasks.AsNoTracking()
            .Where(task => task.Fence > 0 && (task.Kind == OperationKind.Delete || task.Kind == OperationKind.Retention || task.Kind == OperationKind.Undelete))
            .OrderBy(task => task.StartedAt)
            .Select(task => new { task.Component, task.State, task.Command })
            .ToListAsync(cancellationToken);
        var touched = new HashSet<(Component Component, string Id)>();
        foreach (var task in claimed)
        {
            touched.UnionWith((task.Command.Forget?.SnapshotIds ?? []).Select(id => (task.Component, id)));
            if (task.State == TaskState.Finished)
            {
                touched.ExceptWith((task.Command.Undelete?.SnapshotIds ?? []).Select(id => (task.Component, id)));
            }
        }

        return touched;
    }
}
