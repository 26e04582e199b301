using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Events;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Retention;

/// <summary>
/// What a run drops is decided when it is asked for, and then it may wait for hours: behind a verification, say, that finds the newest proven point damaged.
/// So when its turn has come it is decided again, and what has to stay now stays. Nothing is added to what goes: nobody was shown that.
/// </summary>
internal sealed class RetentionReview(CatalogContext catalog, RetainedPoints points, TaskBoard board, OperationLog log)
{
    /// <returns>The tasks of the run, with what they forget from now on.</returns>
    public async Task<IReadOnlyList<TaskRow>> NarrowAsync(Operation operation, CancellationToken cancellationToken)
    {
        var tasks = await board.OfAsync(operation.CorrelationId, cancellationToken);
        if ((await catalog.RetentionRuns.AsNoTracking().SingleOrDefaultAsync(run => run.OperationId == operation.CorrelationId, cancellationToken))?.Report is not { } report)
        {
            return tasks; // What an archive has taken over: it stays listed, and can be restored from there.
        }

        var rules = report.Rules.Where(rule => tasks.Any(task => task.Component == rule.Component)).ToList();
        var now = new RetentionPolicy(rules, report.DecidedAt).Decide(await points.ReadAsync(cancellationToken));
        var kept = now.SelectMany(point => point.Parts.Where(part => part.Kept), (point, part) => (Key: KeyOf(point, part), Part: part)).ToDictionary(one => one.Key, one => one.Part);
        var saved = report.Points.SelectMany(point => point.Parts.Where(part => !part.Kept && kept.ContainsKey(KeyOf(point, part))), (point, part) => (Point: point, Part: part)).ToList();
        if (saved.Count == 0)
        {
            return tasks;
        }

        foreach (var (point, part) in saved)
        {
            log.Warning(operation, part.Component, $"'{point.Name}' stays after all: {string.Join(", ", kept[KeyOf(point, part)].Why)}");
        }

        await TakeOutAsync(tasks, saved.ConvertAll(one => KeyOf(one.Point, one.Part)), cancellationToken);
        var corrected = report with { Points = [.. report.Points.Select(point => point with { Parts = [.. point.Parts.Select(part => kept.GetValueOrDefault(KeyOf(point, part), part))] })] };
        await catalog.RetentionRuns.Where(run => run.OperationId == operation.CorrelationId)
            .ExecuteUpdateAsync(set => set.SetProperty(run => run.Report, corrected), cancellationToken);
        return await board.OfAsync(operation.CorrelationId, cancellationToken);
    }

    private async Task TakeOutAsync(IReadOnlyList<TaskRow> tasks, IReadOnlyList<(Guid Point, Part Part)> saved, CancellationToken cancellationToken)
    {
        var ids = saved.Select(one => one.Point).ToHashSet();
        var rows = await catalog.Snapshots.AsNoTracking().Where(row => ids.Contains(row.PointId)).ToListAsync(cancellationToken);
        var stay = rows.Where(row => saved.Contains((row.PointId, row.Part))).Select(row => (row.Component, row.SnapshotId)).ToHashSet();
        foreach (var task in tasks)
        {
            var forget = task.Command.Forget!;
            IReadOnlyList<string> left = [.. forget.SnapshotIds.Where(id => !stay.Contains((task.Component, id)))];
            if (left.Count < forget.SnapshotIds.Count)
            {
                await board.ChangeAsync(task.Id, task.Command with { Forget = forget with { SnapshotIds = left } }, cancellationToken);
            }
        }
    }

    private static (Guid Point, Part Part) KeyOf(PointRetention point, PartRetention part) => (point.Id, new Part(part.Component, part.Cluster));
}
