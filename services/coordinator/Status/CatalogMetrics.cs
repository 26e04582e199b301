using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Prometheus;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Copies;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.Status;

/// <summary>The metrics of the runbook, read from the catalog at each scrape: they are right after a restart, too.</summary>
internal sealed partial class CatalogMetrics(IServiceScopeFactory scopes, IOptions<CoordinatorSettings> settings, ILogger<CatalogMetrics> logger) : IHostedService
{
    private static readonly GaugeConfiguration Silent = new() { SuppressInitialValue = true };
    private static readonly Gauge Up = Metrics.CreateGauge("stella_catalog_up", "1 while the catalog answers, 0 while it does not: what is read from it stands as it was.", Silent);
    private static readonly Gauge LastSuccess = Metrics.CreateGauge("stella_backup_last_success_timestamp", "Unix time of the last snapshot of the component that is part of a recovery point; of several clusters, of the one that lags.", "component");
    private static readonly Gauge Duration = Metrics.CreateGauge("stella_backup_duration_seconds", "Duration of the last snapshot.", "component");
    private static readonly Gauge Size = Metrics.CreateGauge("stella_backup_size_bytes", "Size of the data in the last snapshot, as it is at the source; of all clusters.", "component");
    private static readonly Gauge LastTestRestore = Metrics.CreateGauge("stella_restore_test_last_success", "Unix time of the last test-restore that passed, of what was restored and not only verified; the cluster is that of a database and else empty.", "component", "cluster");
    private static readonly Gauge LastFailure = Metrics.CreateGauge("stella_backup_last_failure_timestamp", "Unix time of the last backup that failed, by the code of its error (docs/errors.md); the cluster is that of a database and else empty.", "component", "cluster", "code");
    private static readonly Gauge Newest = Metrics.CreateGauge("stella_backup_newest_timestamp", "Unix time of the newest snapshot in a recovery point; the cluster is that of a database and else empty.", "component", "cluster");
    private static readonly Gauge Missing = Metrics.CreateGauge("stella_backup_newest_missing", "Items that the newest snapshot lacks, damaged pages of a database among them; the cluster is that of a database and else empty.", "component", "cluster");
    private static readonly Gauge Points = Metrics.CreateGauge("stella_backup_points", "Recovery points that hold the component.", "component");
    private static readonly Gauge Damaged = Metrics.CreateGauge("stella_backup_points_damaged", "Recovery points in which the component is known to be damaged.", "component");
    private static readonly Gauge Oldest = Metrics.CreateGauge("stella_backup_oldest_timestamp", "Unix time of the oldest snapshot in a recovery point.", "component");
    private static readonly Gauge LastRetention = Metrics.CreateGauge("stella_retention_last_success_timestamp", "Unix time at which the retention last worked through the component's repository.", "component");
    private static readonly Gauge LastCopy = Metrics.CreateGauge("stella_backup_copy_last_success_timestamp", "Unix time at which a recovery point was last copied elsewhere, and read back there whole.", Silent);
    private static readonly Gauge NewestCopy = Metrics.CreateGauge("stella_backup_copy_newest_timestamp", "Unix time of the newest recovery point of the list that was copied elsewhere.", Silent);
    private static readonly Gauge Archived = Metrics.CreateGauge("stella_backup_points_archived", "Recovery points that are listed and lie in archives elsewhere, not in the location.");
    private static readonly Gauge Workers = Metrics.CreateGauge("stella_backup_workers", "Live worker processes; the cluster is that of a database and else empty.", "component", "cluster");
    private static readonly Counter Operations = Metrics.CreateCounter("stella_backup_operations_total", "Operations that ended.", "kind", "outcome");
    private static readonly Gauge Tasks = Metrics.CreateGauge("stella_backup_tasks", "Tasks of unfinished operations.", "state");

    public Task StartAsync(CancellationToken cancellationToken)
    {
        Metrics.DefaultRegistry.AddBeforeCollectCallback(UpdateAsync);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>While the catalog is away the last values stand, here and in all metrics that are read from it; <see cref="Up"/> says so of them all.</summary>
    private async Task UpdateAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ReadAsync(cancellationToken);
            Up.Set(1);
        }
        catch (Exception e) when (CatalogOutage.Is(e))
        {
            Up.Set(0);
            LogKept(logger, e.Message);
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var catalog = scope.ServiceProvider.GetRequiredService<CatalogContext>();
        var workers = scope.ServiceProvider.GetRequiredService<WorkerDirectory>();
        var configured = await workers.ConfiguredAsync(cancellationToken);

        // What was taken out of use by the setting gets older for good: an alert on it would never end.
        foreach (var component in Components.All.Where(component => settings.Value.Components.Count == 0 || settings.Value.Components.Contains(component)))
        {
            await UpdateAsync(catalog, component, configured, cancellationToken);
        }

        foreach (var part in configured)
        {
            await FailuresAsync(catalog, part, cancellationToken);
        }

        await FailedTestRestores.UpdateAsync(catalog, configured, cancellationToken);

        foreach (var newest in await NewestBackup.ReadAsync(catalog, configured, cancellationToken))
        {
            Missing.WithLabels(newest.Part.Component.Name(), newest.Part.Column).Set(newest.Snapshot.MissingCount);
        }

        await WorkersAsync(workers, configured, cancellationToken);
        await CopiesAsync(catalog, cancellationToken);

        var ended = await catalog.Operations.Where(operation => operation.Outcome != null)
            .GroupBy(operation => new { operation.Kind, operation.Outcome })
            .Select(group => new { group.Key.Kind, group.Key.Outcome, Count = group.Count() })
            .ToListAsync(cancellationToken);
        foreach (var group in ended)
        {
            Operations.WithLabels(group.Kind.Name(), group.Outcome!.Value.Name()).IncTo(group.Count);
        }

        var live = await catalog.Tasks
            .Where(task => task.State == TaskState.Queued || task.State == TaskState.Running || task.State == TaskState.Waiting)
            .GroupBy(task => task.State)
            .ToDictionaryAsync(group => group.Key, group => group.Count(), cancellationToken);
        foreach (var state in new[] { TaskState.Waiting, TaskState.Queued, TaskState.Running })
        {
            Tasks.WithLabels(state.ToString().ToLowerInvariant()).Set(live.GetValueOrDefault(state));
        }
    }

    /// <summary>A component is as old as the cluster of it that lags: one that is not saved any more must not hide behind another.</summary>
    private static async Task UpdateAsync(CatalogContext catalog, Component component, IReadOnlyList<Part> configured, CancellationToken cancellationToken)
    {
        var snapshots = catalog.Snapshots.AsNoTracking().Where(snapshot => snapshot.Component == component);
        var newest = new List<SnapshotRow>();
        foreach (var cluster in await snapshots.Select(snapshot => snapshot.Cluster).Distinct().ToListAsync(cancellationToken))
        {
            var wanted = configured.Contains(new Part(component, cluster)) || configured.All(part => part.Component != component);
            if (wanted && await snapshots.Where(snapshot => snapshot.Cluster == cluster).OrderByDescending(snapshot => snapshot.FinishedAt).FirstOrDefaultAsync(cancellationToken) is { } last)
            {
                newest.Add(last);
            }
        }

        foreach (var snapshot in newest)
        {
            Newest.WithLabels(component.Name(), snapshot.Cluster).Set(snapshot.FinishedAt.ToUnixTimeMilliseconds() / 1000.0);
            await ProvenAsync(catalog, snapshot, cancellationToken);
        }

        if (newest.Count > 0)
        {
            LastSuccess.WithLabels(component.Name()).Set(newest.Min(snapshot => snapshot.FinishedAt).ToUnixTimeMilliseconds() / 1000.0);
            Duration.WithLabels(component.Name()).Set(newest.Max(snapshot => snapshot.Seconds));
            Size.WithLabels(component.Name()).Set(newest.Sum(snapshot => snapshot.Bytes));
        }

        Set(Oldest, component, await snapshots.MinAsync(snapshot => (DateTimeOffset?)snapshot.FinishedAt, cancellationToken));
        Set(LastRetention, component, await catalog.Tasks
            .Where(task => task.Kind == OperationKind.Retention && task.Component == component && task.State == TaskState.Finished && catalog.RetentionRuns.Any(run => run.OperationId == task.OperationId))
            .MaxAsync(task => task.EndedAt, cancellationToken));
        Points.WithLabels(component.Name()).Set(await snapshots.CountAsync(cancellationToken));
        Damaged.WithLabels(component.Name()).Set(
            (await snapshots.Select(snapshot => snapshot.Damages).ToListAsync(cancellationToken)).Count(damages => damages.Count > 0));
    }

    /// <summary>Of each cluster for itself: one that was never restored must not hide behind another.</summary>
    private static async Task ProvenAsync(CatalogContext catalog, SnapshotRow newest, CancellationToken cancellationToken)
    {
        var proven = await catalog.Proofs
            .Where(proof => proof.Component == newest.Component && proof.Cluster == newest.Cluster && proof.Passed && proof.Depth == ProofDepth.Restored)
            .MaxAsync(proof => (DateTimeOffset?)proof.At, cancellationToken);
        if (proven is { } at)
        {
            LastTestRestore.WithLabels(newest.Component.Name(), newest.Cluster).Set(at.ToUnixTimeMilliseconds() / 1000.0);
        }
    }

    private static void Set(Gauge gauge, Component component, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            gauge.WithLabels(component.Name()).Set(known.ToUnixTimeMilliseconds() / 1000.0);
        }
    }

    /// <summary>One series for each part: that of its last failure. A cancelled backup did not fail.</summary>
    private static async Task FailuresAsync(CatalogContext catalog, Part part, CancellationToken cancellationToken)
    {
        var ended = await catalog.Tasks.AsNoTracking()
            .Where(task => task.Kind == OperationKind.Backup && task.Component == part.Component && task.Cluster == part.Column && task.State == TaskState.Failed)
            .OrderByDescending(task => task.EndedAt).Take(20).ToListAsync(cancellationToken);
        var last = ended.Find(task => task.Error?.Code != ErrorCodes.Cancelled.Code);
        foreach (var old in LastFailure.GetAllLabelValues().Where(labels => labels[0] == part.Component.Name() && labels[1] == part.Column && labels[2] != last?.Error?.Code))
        {
            LastFailure.RemoveLabelled(old);
        }

        if (last is { Error: { } error, EndedAt: { } at })
        {
            LastFailure.WithLabels(part.Component.Name(), part.Column, error.Code).Set(at.ToUnixTimeMilliseconds() / 1000.0);
        }
    }

    /// <summary>A copy is the task that wrote and read back its archive. Before the first one there is no series.</summary>
    private static async Task CopiesAsync(CatalogContext catalog, CancellationToken cancellationToken)
    {
        var copies = catalog.Tasks.AsNoTracking().Where(task => task.Kind == OperationKind.Copy && task.Stage == CopyStages.CopyArchive && task.State == TaskState.Finished);
        Set(LastCopy, await copies.MaxAsync(task => task.EndedAt, cancellationToken));
        Set(NewestCopy, await copies.Join(catalog.Points, task => task.PointId, point => (Guid?)point.Id, (_, point) => (DateTimeOffset?)point.FinishedAt).MaxAsync(cancellationToken));
        Archived.Set(await catalog.Points.CountAsync(point => !point.Deleting && !point.Snapshots.Any(), cancellationToken));
    }

    private static void Set(Gauge gauge, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            gauge.Set(known.ToUnixTimeMilliseconds() / 1000.0);
        }
    }

    /// <summary>Also of what is configured and has none: 0 is what an alert looks for.</summary>
    private static async Task WorkersAsync(WorkerDirectory workers, IReadOnlyList<Part> configured, CancellationToken cancellationToken)
    {
        var live = (await workers.LiveAsync(cancellationToken)).SelectMany(WorkerDirectory.PartsOf).ToList();
        foreach (var part in configured)
        {
            Workers.WithLabels(part.Component.Name(), part.Column).Set(live.Count(entry => entry == part));
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "the metrics are those of the last scrape: {Reason}")]
    private static partial void LogKept(ILogger logger, string reason);
}
