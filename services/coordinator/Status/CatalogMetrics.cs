using Microsoft.EntityFrameworkCore;
using Prometheus;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Status;

/// <summary>The metrics of the runbook, read from the catalog at each scrape: they are right after a restart, too.</summary>
internal sealed partial class CatalogMetrics(IServiceScopeFactory scopes, ILogger<CatalogMetrics> logger) : IHostedService
{
    private static readonly Gauge LastSuccess = Metrics.CreateGauge("stella_backup_last_success_timestamp", "Unix time of the last snapshot of the component that is part of a recovery point.", "component");
    private static readonly Gauge Duration = Metrics.CreateGauge("stella_backup_duration_seconds", "Duration of that snapshot.", "component");
    private static readonly Gauge Size = Metrics.CreateGauge("stella_backup_size_bytes", "Size of the data in that snapshot, as it is at the source.", "component");
    private static readonly Gauge LastTestRestore = Metrics.CreateGauge("stella_restore_test_last_success", "Unix time of the last test-restore of the component that passed.", "component");
    private static readonly Counter Operations = Metrics.CreateCounter("stella_backup_operations_total", "Operations that ended.", "kind", "outcome");
    private static readonly Gauge Tasks = Metrics.CreateGauge("stella_backup_tasks", "Tasks of unfinished operations.", "state");

    public Task StartAsync(CancellationToken cancellationToken)
    {
        Metrics.DefaultRegistry.AddBeforeCollectCallback(UpdateAsync);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>While the catalog is away the last values stand.</summary>
    private async Task UpdateAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ReadAsync(cancellationToken);
        }
        catch (Exception e) when (CatalogOutage.Is(e))
        {
            LogKept(logger, e.Message);
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var catalog = scope.ServiceProvider.GetRequiredService<CatalogContext>();
        foreach (var component in Components.All)
        {
            await UpdateAsync(catalog, component, cancellationToken);
        }

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

    private static async Task UpdateAsync(CatalogContext catalog, Component component, CancellationToken cancellationToken)
    {
        var last = await catalog.Snapshots.AsNoTracking().Where(snapshot => snapshot.Component == component)
            .OrderByDescending(snapshot => snapshot.FinishedAt)
            .FirstOrDefaultAsync(cancellationToken);
        if (last is not null)
        {
            LastSuccess.WithLabels(component.Name()).Set(last.FinishedAt.ToUnixTimeMilliseconds() / 1000.0);
            Duration.WithLabels(component.Name()).Set(last.Seconds);
            Size.WithLabels(component.Name()).Set(last.Bytes);
        }

        var proven = await catalog.Proofs
            .Where(proof => proof.Component == component && proof.Passed && proof.Depth == ProofDepth.Restored)
            .MaxAsync(proof => (DateTimeOffset?)proof.At, cancellationToken);
        if (proven is not null)
        {
            LastTestRestore.WithLabels(component.Name()).Set(proven.Value.ToUnixTimeMilliseconds() / 1000.0);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "the metrics are those of the last scrape: {Reason}")]
    private static partial void LogKept(ILogger logger, string reason);
}
