using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Coordinator.Messaging;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Secondary;

/// <summary>Looks every few seconds what the secondary location lacks, for as long as the service runs, whatever fails meanwhile.</summary>
internal sealed partial class SecondaryRunner(IServiceScopeFactory scopes, SecondaryLocation secondary, OutboxSignal signal, TimeProvider clock, ILogger<SecondaryRunner> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                if (await scope.ServiceProvider.GetRequiredService<SecondaryRound>().RunAsync(stoppingToken) is not null)
                {
                    signal.Set();
                }
            }
            catch (BackupException refused) when (refused.Error == ErrorCodes.OperationConflict)
            {
                // Another coordinator was quicker, or this one has not read the first location yet.
            }
            catch (Exception e) when (e is StorageException or BackupException)
            {
                Note(e.Message);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Catalog away: the loop of a hosted service must outlive it.
                LogFailed(logger, e.Message);
            }
        }
    }

    /// <summary>One line for an outage, not one for each look.</summary>
    private void Note(string problem)
    {
        if (secondary.Problem != problem)
        {
            LogFailed(logger, problem);
        }

        secondary.Problem = problem;
    }

    [LoggerMessage(1, LogLevel.Warning, "the secondary location is not filled now: {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);
}
