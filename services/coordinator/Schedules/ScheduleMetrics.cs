using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Prometheus;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Schedules;

/// <summary>When each schedule ran and runs next, read at each scrape.</summary>
internal sealed partial class ScheduleMetrics(IServiceScopeFactory scopes, IOptions<ScheduleSettings> settings, TimeProvider clock, ILogger<ScheduleMetrics> logger) : IHostedService
{
    private static readonly Gauge LastRun = Gauge("stella_schedule_last_run_timestamp", "Unix time at which the schedule started its last run.");
    private static readonly Gauge NextRun = Gauge("stella_schedule_next_run_timestamp", "Unix time at which the schedule starts its next run; in the past while that is late, absent while it is paused.");
    private static readonly Gauge Interval = Gauge("stella_schedule_interval_seconds", "Longest time between two of the next due times; absent while it is paused.");
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
                var runs = schedule.PausedAt is null && settings.Value.Enabled;
                Set(LastRun, schedule.Type, Seconds(schedule.LastStartedAt));
                Set(NextRun, schedule.Type, runs ? Seconds(schedule.DueAt <= clock.GetUtcNow() ? schedule.DueAt : schedule.StartAt) : null);
                Set(Interval, schedule.Type, runs ? LongestInterval(schedule)?.TotalSeconds : null);
                Missed.WithLabels(schedule.Type).IncTo(schedule.Missed);
            }
        }
        catch (Exception e) when (CatalogOutage.Is(e))
        {
            LogKept(logger, e.Message);
        }
    }

    /// <summary>Null where this machine does not know the time zone any more; the schedule itself says so.</summary>
    private TimeSpan? LongestInterval(ScheduleRow schedule)
    {
        try
        {
            return ScheduleTimes.Read(schedule.Cron, schedule.TimeZone, clock.GetUtcNow()).LongestInterval(clock.GetUtcNow());
        }
        catch (BackupException)
        {
            return null;
        }
    }

    private static double? Seconds(DateTimeOffset? time) => time?.ToUnixTimeMilliseconds() / 1000.0;

    private static void Set(Gauge gauge, string schedule, double? value)
    {
        if (value is { } known)
        {
            gauge.WithLabels(schedule).Set(known);
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
