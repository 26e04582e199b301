using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Schedules;
using StellaOps.Backup.Coordinator.Secondary;
using StellaOps.Backup.Coordinator.Workers;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Status;

/// <summary>The first answer that an operator wants: how each component stands, what runs, and which point to trust.</summary>
internal sealed class StatusReport(
    CatalogContext catalog, NewestPoints newest, WorkerDirectory workers, OperationViews operations, HealthReport health, ClusterStatuses clusters, ScheduleBook schedules, SecondaryReport secondary, IObjectStore location)
{
    public async Task<StatusView> ReadAsync(CancellationToken cancellationToken)
    {
        var running = await catalog.Operations.AsNoTracking()
            .Where(operation => operation.CurrentState != nameof(OperationState.Finished))
            .OrderBy(operation => operation.AcceptedAt)
            .ToListAsync(cancellationToken);
        var clusterViews = await clusters.ReadAsync(cancellationToken);
        return new StatusView
        {
            Location = location.Description,
            Components = await ComponentsAsync(cancellationToken),
            Clusters = clusterViews,
            Schedules = await schedules.ReadAsync(cancellationToken),
            Secondary = await secondary.ReadAsync(clusterViews, cancellationToken),
            Running = await operations.ViewsAsync(running, cancellationToken),
            Services = (await health.ReadAsync(now: false, cancellationToken)).Services,
            LatestPoint = (await newest.FindAsync(cancellationToken))?.ToView(),
            LatestProvenPoint = (await newest.FindProvenAsync(cancellationToken))?.ToView(),
        };
    }

    private async Task<IReadOnlyList<ComponentStatus>> ComponentsAsync(CancellationToken cancellationToken)
    {
        var live = await workers.LiveAsync(cancellationToken);
        var configured = await workers.ConfiguredAsync(cancellationToken);
        var statuses = new List<ComponentStatus>();
        foreach (var component in Components.All)
        {
            var snapshots = catalog.Snapshots.AsNoTracking().Where(snapshot => snapshot.Component == component);
            var last = await snapshots
                .Join(catalog.Points, snapshot => snapshot.PointId, point => point.Id, (snapshot, point) => new { snapshot.FinishedAt, snapshot.Bytes, snapshot.Cluster, Point = point })
                .OrderByDescending(row => row.FinishedAt)
                .FirstOrDefaultAsync(cancellationToken);
            if (last is null && configured.All(part => part.Component != component))
            {
                continue;
            }

            statuses.Add(new ComponentStatus
            {
                Component = component,
                LastSuccessAt = last?.FinishedAt,
                LastPoint = last?.Point.Name,
                LastOutcome = last?.Point.Manifest.Components.FirstOrDefault(one => new Part(one.Component, one.Cluster) == new Part(component, last.Cluster))?.Outcome,
                LastProvenAt = await LastProvenAsync(component, configured, cancellationToken),
                Bytes = last?.Bytes,
                Points = await snapshots.CountAsync(cancellationToken),
                Workers = live.Count(row => row.Announcement.Components.Contains(component)),
            });
        }

        return statuses;
    }

    /// <summary>Of several clusters, of the one that lags: one that was never restored must not hide behind another. What is not in use any more does not count.</summary>
    private async Task<DateTimeOffset?> LastProvenAsync(Component component, IReadOnlyList<Part> configured, CancellationToken cancellationToken)
    {
        var proven = await catalog.Proofs
            .Where(proof => proof.Component == component && proof.Passed && proof.Depth == ProofDepth.Restored)
            .GroupBy(proof => proof.Cluster)
            .Select(proofs => new { Cluster = proofs.Key, At = proofs.Max(proof => proof.At) })
            .ToDictionaryAsync(one => one.Cluster, one => one.At, cancellationToken);
        var saved = await catalog.Snapshots.Where(snapshot => snapshot.Component == component).Select(snapshot => snapshot.Cluster).Distinct().ToListAsync(cancellationToken);
        var wanted = saved.Union(proven.Keys)
            .Where(cluster => configured.Contains(new Part(component, cluster)) || configured.All(part => part.Component != component)).ToList();
        return wanted.TrueForAll(proven.ContainsKey) ? wanted.Min(cluster => (DateTimeOffset?)proven[cluster]) : null;
    }
}
