using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Prometheus;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Schedules;

/// <summary>When each schedule ran and runs next, read at each scrape.</summary>
internal sealed partial class ScheduleMetrics(IServiceScopeFactory scopes, IOptions<ScheduleSettings> settings, ILogger<ScheduleMetrics> logger) : IHostedService
{
    private static readonly Gauge LastRun = Gauge("stella_schedule_last_run_timestamp", "Unix time at which the schedule started its last run.");
    private static readonly Gauge NextRun = Gauge("stella_schedule_next_run_timestamp", "Unix time at which the schedule starts its next run; in the past while that is late, absent while it is paused.");
    private static readonly Counter Missed = Metrics.CreateCounter("stella_schedule_missed_total", "Due times that had no run of their own.", "schedule");

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
            foreach (var schedule in await scope.ServiceProvider.GetRequiredService<CatalogContext>().Schedules.AsNoTracking().ToListAsync(cancellationToken))
            {
                Set(LastRun, schedule.Type, schedule.LastStartedAt);
                Set(NextRun, schedule.Type, schedule.PausedAt is null && settings.Value.Enabled ? schedule.StartAt : null);
                Missed.WithLabels(schedule.Type).IncTo(schedule.Missed);
            }
        }
        catch (Exception e) when (CatalogOutage.Is(e))
        {
            LogKept(logger, e.Message);
        }
    }

    private static void Set(Gauge gauge, string schedule, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            gauge.WithLabels(schedule).Set(known.ToUnixTimeMilliseconds() / 1000.0);
        }
        else
        {
            gauge.RemoveLabelled(schedule);
        }
    }

    private static Gauge Gauge(string name, string help) => Metrics.CreateGauge(name, help, "schedule");

    [LoggerMessage(1, LogLevel.Warning, "the metrics of the schedules are those of the last scrape: {Reason}")]
    private static partial void LogKept(ILogger logger, string reason);
}
