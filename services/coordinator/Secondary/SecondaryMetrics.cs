using Prometheus;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Secondary;

/// <summary>How far the secondary location is behind, read from the catalog at each scrape. Without one there are no series.</summary>
internal sealed partial class SecondaryMetrics(IServiceScopeFactory scopes, TimeProvider clock, ILogger<SecondaryMetrics> logger) : IHostedService
{
    private static readonly Gauge Lag = Metrics.CreateGauge("stella_backup_secondary_lag_seconds", "For how long snapshots have been waiting that are newer than all in the secondary location; 0 when none does.", "component");
    private static readonly Gauge Newest = Metrics.CreateGauge("stella_backup_secondary_newest_timestamp", "Unix time of the newest recovery point in the secondary location that holds the component.", "component");
    private static readonly Gauge Points = Metrics.CreateGauge("stella_backup_secondary_points_behind", "Recovery points that the secondary location lacks, or has in part.");
    private static readonly Gauge Bytes = Metrics.CreateGauge("stella_backup_secondary_bytes_behind", "Stored bytes that their snapshots added to the location.");

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
            await using var scope = scopes.CreateAsyncScope();
            var picture = await scope.ServiceProvider.GetRequiredService<Replicas>().ReadAsync(cancellationToken);
            foreach (var (component, lag) in SecondaryReport.Lags(picture, clock.GetUtcNow()))
            {
                Lag.WithLabels(component.Name()).Set(lag.TotalSeconds);
            }

            foreach (var group in picture.Points.Where(point => point.There is not null).SelectMany(point => point.Snapshots.Except(point.Lacking), (point, snapshot) => (snapshot.Component, point.FinishedAt)).GroupBy(one => one.Component))
            {
                Newest.WithLabels(group.Key.Name()).Set(group.Max(one => one.FinishedAt).ToUnixTimeMilliseconds() / 1000.0);
            }

            var missing = picture.Missing.ToList();
            Points.Set(missing.Count);
            Bytes.Set(await scope.ServiceProvider.GetRequiredService<SecondaryReport>().BytesAsync(missing, cancellationToken));
        }
        catch (Exception e) when (CatalogOutage.Is(e))
        {
            LogKept(logger, e.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "the metrics of the secondary location are those of the last scrape: {Reason}")]
    private static partial void LogKept(ILogger logger, string reason);
}
