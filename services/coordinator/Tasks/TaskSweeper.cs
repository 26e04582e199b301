using Microsoft.Extensions.Options;
using StellaOps.Backup.Coordinator.Messaging;

namespace StellaOps.Backup.Coordinator.Tasks;

/// <summary>Sweeps every few seconds.</summary>
internal sealed partial class TaskSweeper(
    IServiceScopeFactory scopes, OutboxSignal signal, IOptions<CoordinatorSettings> settings, TimeProvider clock, ILogger<TaskSweeper> logger)
    : BackgroundService
{
    private readonly TimeSpan _interval = TimeSpan.FromSeconds(settings.Value.SweepSeconds);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var steadySince = clock.GetTimestamp();
        var clockJump = new ClockJump(clock);
        using var timer = new PeriodicTimer(_interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();

                // Heartbeats could not be answered while this process or the catalog was away: judge leases only a lease later.
                var leasesCount = clock.GetElapsedTime(steadySince) > settings.Value.Lease;
                if (await scope.ServiceProvider.GetRequiredService<TaskSweep>().RunAsync(leasesCount, clockJump.Look(), stoppingToken))
                {
                    clockJump.Settle();
                }

                signal.Set();
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Catalog away: the loop of a hosted service must outlive it.
                steadySince = clock.GetTimestamp();
                LogFailed(logger, e.Message);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "the sweep failed and runs again: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);
}
