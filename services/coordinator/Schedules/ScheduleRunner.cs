using Microsoft.Extensions.Options;

namespace StellaOps.Backup.Coordinator.Schedules;

/// <summary>Looks every few seconds what is due. Every coordinator does; which of them starts a run is decided in the catalog.</summary>
internal sealed partial class ScheduleRunner(IServiceScopeFactory scopes, IOptions<ScheduleSettings> settings, TimeProvider clock, ILogger<ScheduleRunner> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!settings.Value.Enabled)
        {
            LogDisabled(logger);
            return;
        }

        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Catalog away: the loop of a hosted service must outlive it.
                LogFailed(logger, e.Message);
            }
        }
    }

    /// <summary>A scope for each schedule: one that fails takes nothing of another with it.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        await using (var first = scopes.CreateAsyncScope())
        {
            await first.ServiceProvider.GetRequiredService<ScheduleBook>().EnsureUsualAsync(cancellationToken);
        }

        for (var i = 0; ; i++)
        {
            await using var scope = scopes.CreateAsyncScope();
            if (scope.ServiceProvider.GetServices<ScheduledWork>().ElementAtOrDefault(i) is not { } work)
            {
                return;
            }

            try
            {
                await scope.ServiceProvider.GetRequiredService<ScheduleRound>().RunAsync(work, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                LogPassedOver(logger, work.Type, e.Message);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Information, "nothing starts by itself: Schedules:Enabled is false")]
    private static partial void LogDisabled(ILogger logger);

    [LoggerMessage(2, LogLevel.Warning, "the schedules could not be looked at, and are in a few seconds: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);

    [LoggerMessage(3, LogLevel.Warning, "schedule {Schedule} could not be looked at, and is in a few seconds: {Reason}")]
    private static partial void LogPassedOver(ILogger logger, string schedule, string reason);
}
