using StellaOps.Backup.Workers;

namespace StellaOps.Backup.SecretsBackup.Proving;

/// <summary>At the start of the service: removes decrypted copies that a killed process has left behind. What cannot be removed does not keep it from starting.</summary>
internal sealed partial class ScratchSweep(IEnumerable<IComponentHandler> handlers, ILogger<ScratchSweep> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var handler in handlers.OfType<SecretsHandler>())
        {
            foreach (var removed in await handler.RemoveAbandonedAsync(reason => LogNotRemoved(logger, reason), cancellationToken))
            {
                LogRemoved(logger, removed);
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(1, LogLevel.Information, "removed {Path}, which a killed restore left")]
    private static partial void LogRemoved(ILogger logger, string path);

    [LoggerMessage(2, LogLevel.Warning, "{Reason}")]
    private static partial void LogNotRemoved(ILogger logger, string reason);
}
