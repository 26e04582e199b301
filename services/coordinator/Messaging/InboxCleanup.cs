using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Messaging;

/// <summary>Forgets received messages after a week: no broker delivers one again after so long.</summary>
internal sealed partial class InboxCleanup(IServiceScopeFactory scopes, TimeProvider clock, ILogger<InboxCleanup> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private static readonly TimeSpan Memory = TimeSpan.FromDays(7);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                var old = clock.GetUtcNow() - Memory;
                await scope.ServiceProvider.GetRequiredService<CatalogContext>().Inbox.Where(row => row.ConsumedAt < old).ExecuteDeleteAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Catalog away: the loop of a hosted service must outlive it.
                LogFailed(logger, e.Message);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "old inbox rows could not be deleted: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);
}
