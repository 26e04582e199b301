using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Wal;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;

namespace StellaOps.Backup.Coordinator.Retention;

/// <summary>
/// How points, or parts of them, go. (1) They are marked, so that nothing is restored from a half. (2) Workers forget the snapshots. (3) The manifest goes, or
/// is replaced by one without them: deletions first, which need no room. (4) The catalog, where they wait for an undelete. (5) WAL that was kept for them. What fails or
/// dies in between stays marked, and the next run finishes it, unless no worker had begun (<see cref="UntouchedSnapshots"/>). Of a point that was archived before, only the snapshots go.
/// </summary>
internal sealed class PointDropping(CatalogContext catalog, PointStore store, PointSigner signer, WalRetention wal, TimeProvider clock)
{
    /// <summary>Step 1, when nothing else works on the components any more.</summary>
    public async Task BeginAsync(IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken)
    {
        foreach (var (id, rows) in await RowsAsync(tasks, cancellationToken))
        {
            if (await IsArchivedAsync(id, cancellationToken))
            {
                continue;
            }

            if (await AreAllAsync(id, rows, cancellationToken))
            {
                await catalog.Points.Where(point => point.Id == id).ExecuteUpdateAsync(set => set.SetProperty(point => point.Deleting, true), cancellationToken);
                continue;
            }

            foreach (var row in rows)
            {
                await catalog.Snapshots.IgnoreQueryFilters().Where(one => one.PointId == id && one.Component == row.Component && one.Cluster == row.Cluster)
                    .ExecuteUpdateAsync(set => set.SetProperty(one => one.Dropping, true), cancellationToken);
            }
        }
    }

    /// <summary>Steps 3 to 5, for the tasks that ended well. May run again after a crash at any point.</summary>
    public async Task SealAsync(IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken)
    {
        var done = tasks.Where(task => task.State == TaskState.Finished).ToList();
        await EndGraceAsync(done, cancellationToken);
        var points = await RowsAsync(done, cancellationToken);
        var whole = new HashSet<Guid>();
        foreach (var (id, rows) in points)
        {
            if (await IsArchivedAsync(id, cancellationToken))
            {
                whole.Add(id);
                await ForgetAsync(rows, cancellationToken);
            }
            else if (await AreAllAsync(id, rows, cancellationToken))
            {
                whole.Add(id);
                await DeleteAsync(id, rows, done, cancellationToken);
            }
        }

        foreach (var (id, rows) in points.Where(point => !whole.Contains(point.Key)))
        {
            await ThinAsync(id, rows, done, cancellationToken);
        }

        await wal.ApplyAsync(cancellationToken);
    }

    /// <summary>Takes an archived point from the list. Its archive stays where it is. May run again after a crash at any point.</summary>
    /// <returns>Where that is; null when the point is not listed any more, or not archived.</returns>
    public async Task<string?> UnlistAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await catalog.Points.SingleOrDefaultAsync(point => point.Id == id, cancellationToken) is not { Manifest.Archive: { } archive } point)
        {
            return null;
        }

        await store.DeleteAsync(StoredPoint.At(point.Id, point.StartedAt), cancellationToken);

        // Durable: the location does not list it any more. A crash here leaves a row, which the next run of this deletes.
        catalog.Points.Remove(point);
        await catalog.SaveChangesAsync(cancellationToken);
        return archive.Url;
    }

    /// <summary>An archived point stays listed as it is, without snapshots in the location.</summary>
    private async Task ForgetAsync(IReadOnlyList<SnapshotRow> rows, CancellationToken cancellationToken)
    {
        catalog.Snapshots.RemoveRange(rows);
        await catalog.SaveChangesAsync(cancellationToken);
    }

    private async Task DeleteAsync(Guid id, IReadOnlyList<SnapshotRow> rows, List<TaskRow> done, CancellationToken cancellationToken)
    {
        var point = await catalog.Points.SingleAsync(point => point.Id == id, cancellationToken);
        await store.DeleteAsync(StoredPoint.At(point.Id, point.StartedAt), cancellationToken);

        // Durable: the point does not exist any more. A crash here leaves a row, which the next run of this deletes.
        await RememberAsync(point, rows, done, cancellationToken);
        catalog.Points.Remove(point);
        await catalog.SaveChangesAsync(cancellationToken);
    }

    /// <summary>A point that was marked as a whole stays so until all of it is forgotten: it is finished, not thinned.</summary>
    private async Task ThinAsync(Guid id, IReadOnlyList<SnapshotRow> rows, List<TaskRow> done, CancellationToken cancellationToken)
    {
        var point = await catalog.Points.SingleAsync(point => point.Id == id, cancellationToken);
        if (point.Deleting)
        {
            return;
        }

        var gone = rows.Select(row => row.Part).ToHashSet();
        var thinned = point.Manifest with
        {
            Full = false,
            Components = [.. point.Manifest.Components.Where(snapshot => !gone.Contains(new Part(snapshot.Component, snapshot.Cluster)))],
        };
        await store.ReplaceAsync(thinned, signer, cancellationToken);

        // Durable: the point is without them. A crash here leaves rows that are marked, and the next run of this removes them.
        await RememberAsync(point, rows, done, cancellationToken);
        (point.Manifest, point.Full) = (thinned, false);
        catalog.Snapshots.RemoveRange(rows);
        await catalog.SaveChangesAsync(cancellationToken);
    }

    private async Task RememberAsync(PointRow point, IReadOnlyList<SnapshotRow> rows, List<TaskRow> done, CancellationToken cancellationToken)
    {
        foreach (var row in rows.Where(row => point.Manifest.Components.Any(snapshot => new Part(snapshot.Component, snapshot.Cluster) == row.Part)))
        {
            if (done.First(task => Forgets(task, row)).Result?.Forget?.UndeletableUntil is not { } until)
            {
                continue;
            }

            if (await catalog.Forgotten.FindAsync([row.PointId, row.Component, row.Cluster], cancellationToken) is { } earlier)
            {
                catalog.Forgotten.Remove(earlier);
                await catalog.SaveChangesAsync(cancellationToken);
            }

            catalog.Forgotten.Add(new ForgottenRow
            {
                PointId = point.Id,
                Component = row.Component,
                Cluster = row.Cluster,
                PointName = point.Name,
                Manifest = point.Manifest,
                ForgottenAt = clock.GetUtcNow(),
                Until = until,
            });
        }
    }

    /// <summary>What a worker freed for good, or whose time is over, unless an undelete was accepted in time: as long as nothing is freed it brings all back.</summary>
    private async Task EndGraceAsync(List<TaskRow> done, CancellationToken cancellationToken)
    {
        var ended = done.Where(task => task.Result?.Forget is { GraceEnded: true }).Select(task => task.Component).ToList();
        var now = clock.GetUtcNow();
        var undeletes = catalog.Operations.Where(one => one.Kind == OperationKind.Undelete && one.CurrentState != nameof(OperationState.Finished));
        await catalog.Forgotten.Where(row => ended.Contains(row.Component) || (row.Until <= now && !undeletes.Any(one => one.PointId == row.PointId)))
            .ExecuteDeleteAsync(cancellationToken);
    }

    private async Task<bool> IsArchivedAsync(Guid id, CancellationToken cancellationToken) =>
        await catalog.Points.AsNoTracking().Where(point => point.Id == id).Select(point => point.Manifest).SingleOrDefaultAsync(cancellationToken) is { Archive: not null };

    private async Task<bool> AreAllAsync(Guid id, IReadOnlyList<SnapshotRow> rows, CancellationToken cancellationToken) =>
        await catalog.Snapshots.IgnoreQueryFilters().CountAsync(row => row.PointId == id, cancellationToken) == rows.Count;

    /// <summary>Rows of the snapshots that tasks forget, by point.</summary>
    private async Task<Dictionary<Guid, IReadOnlyList<SnapshotRow>>> RowsAsync(IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken)
    {
        var found = new List<SnapshotRow>();
        foreach (var task in tasks)
        {
            var ids = task.Command.Forget!.SnapshotIds;
            found.AddRange(await catalog.Snapshots.AsNoTracking().IgnoreQueryFilters()
                .Where(row => row.Component == task.Component && ids.Contains(row.SnapshotId)).ToListAsync(cancellationToken));
        }

        return found.GroupBy(row => row.PointId).ToDictionary(rows => rows.Key, IReadOnlyList<SnapshotRow> (rows) => [.. rows.DistinctBy(row => row.Part)]);
    }

    private static bool Forgets(TaskRow task, SnapshotRow row) =>
        task.Component == row.Component && task.Command.Forget!.SnapshotIds.Contains(row.SnapshotId, StringComparer.Ordinal);
}
