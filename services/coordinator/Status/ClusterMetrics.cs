using Prometheus;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.Status;

/// <summary>
/// The status of the clusters as metrics. It is read every half minute, since the location may be slow, and the loss window is counted on at each scrape.
/// What is not known has no series, nor has a cluster that is not configured any more: an alert on it would never end.
/// </summary>
internal sealed partial class ClusterMetrics(IServiceScopeFactory scopes, TimeProvider clock, ILogger<ClusterMetrics> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private static readonly Gauge Loss = Gauge("stella_recovery_loss_window_seconds", "Seconds of commits that would be lost if the server were lost now.");
    private static readonly Gauge Newest = Gauge("stella_recovery_newest_timestamp", "Unix time of the latest instant that can be recovered to.");
    private static readonly Gauge Oldest = Gauge("stella_recovery_oldest_timestamp", "Unix time of the earliest instant that can be recovered to.");
    private static readonly Gauge Durable = Gauge("stella_recovery_durable_lsn_bytes", "Log sequence number up to which WAL is in the location.");
    private static readonly Gauge Gaps = Gauge("stella_recovery_gaps_open", "Holes in the archived WAL that nothing has filled or made needless.");
    private static readonly Gauge Archiving = Gauge("stella_recovery_archiving", "1 while a worker archives WAL, 0 while none does that should; absent where WAL is not archived.");
    private static readonly Gauge ForecastSeconds = Gauge("stella_recovery_forecast_seconds", "How long a recovery to the newest instant would take, by the rates of drills.");
    private static readonly Gauge[] All = [Loss, Newest, Oldest, Durable, Gaps, Archiving, ForecastSeconds];
    private volatile Round _last = new([], default);

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Metrics.DefaultRegistry.AddBeforeCollectCallback(Publish);
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            try
            {
                _last = new Round(await ReadAsync(stoppingToken), clock.GetUtcNow());
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Catalog away: the loop of a hosted service must outlive it. The loss window grows by itself meanwhile.
                LogKept(logger, e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<IReadOnlyList<ClusterStatus>> ReadAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var statuses = await scope.ServiceProvider.GetRequiredService<ClusterStatuses>().ReadAsync(cancellationToken);
        var configured = await scope.ServiceProvider.GetRequiredService<WorkerDirectory>().ConfiguredAsync(cancellationToken);
        return [.. statuses.Where(status => configured.Contains(new Part(Component.Database, status.Cluster)))];
    }

    private void Publish()
    {
        var last = _last;
        foreach (var gauge in All)
        {
            foreach (var gone in gauge.GetAllLabelValues().Where(labels => last.Statuses.All(status => status.Cluster != labels[0])))
            {
                gauge.RemoveLabelled(gone);
            }
        }

        var since = (clock.GetUtcNow() - last.At).TotalSeconds;
        foreach (var status in last.Statuses)
        {
            var cluster = status.Cluster;
            Set(Loss, cluster, status.LossWindowSeconds + since);
            Set(Newest, cluster, Seconds(status.NewestReachableAt));
            Set(Oldest, cluster, Seconds(status.OldestReachableAt));
            Set(Durable, cluster, status.NewestDurableLsn is { } position ? Postgres.Lsn.Parse(position).Value : null);
            Set(Gaps, cluster, status.OpenGaps.Count);
            Set(Archiving, cluster, status.Archiving is { } archives ? (archives ? 1 : 0) : null);
            Set(ForecastSeconds, cluster, status.Recovery.Seconds);
        }
    }

    private static void Set(Gauge gauge, string cluster, double? value)
    {
        if (value is { } known)
        {
            gauge.WithLabels(cluster).Set(known);
        }
        else
        {
            gauge.RemoveLabelled(cluster);
        }
    }

    private sealed record Round(IReadOnlyList<ClusterStatus> Statuses, DateTimeOffset At);

    private static double? Seconds(DateTimeOffset? time) => time?.ToUnixTimeMilliseconds() / 1000.0;

    private static Gauge Gauge(string name, string help) => Metrics.CreateGauge(name, help, "cluster");

    [LoggerMessage(1, LogLevel.Warning, "the status of the clusters is that of the last round: {Reason}")]
    private static partial void LogKept(ILogger logger, string reason);
}
