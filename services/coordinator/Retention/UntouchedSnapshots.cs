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
        var marked = rows.FindAll(row => untouched.Contains((row.Component, row.SnapshotId)));
        var points = await InLocationAsync([.. marked.Select(row => row.PointId).Distinct()], cancellationToken);
        await UnmarkAsync(marked, points, cancellationToken);

        // A point that was marked as a whole is one again unless a part of it may be gone that has no mark of its own.
        var parts = await catalog.Snapshots.AsNoTracking().Where(row => points.Contains(row.PointId)).ToListAsync(cancellationToken);
        var halves = parts.Where(row => touched.Contains((row.Component, row.SnapshotId))).Select(row => row.PointId).ToHashSet();
        var whole = points.FindAll(id => !halves.Contains(id));
        await catalog.Points.Where(point => whole.Contains(point.Id)).ExecuteUpdateAsync(set => set.SetProperty(point => point.Deleting, false), cancellationToken);
    }

    /// <summary>A statement for each component: an operation may have marked thousands.</summary>
    private async Task UnmarkAsync(List<SnapshotRow> rows, List<Guid> points, CancellationToken cancellationToken)
    {
        foreach (var group in rows.GroupBy(row => row.Component))
        {
            var component = group.Key;
            var ids = group.Select(row => row.SnapshotId).Distinct().ToList();
            await catalog.Snapshots.IgnoreQueryFilters().Where(row => row.Component == component && ids.Contains(row.SnapshotId) && points.Contains(row.PointId))
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.Dropping, false), cancellationToken);
        }
    }

    /// <summary>Those that no archive has taken over: of others goes what the location still has.</summary>
    private async Task<List<Guid>> InLocationAsync(List<Guid> ids, CancellationToken cancellationToken)
    {
        var found = new List<Guid>();
        await foreach (var point in catalog.Points.AsNoTracking().Where(point => ids.Contains(point.Id)).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            if (!point.IsArchived())
            {
                found.Add(point.Id);
            }
        }

        return found;
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
