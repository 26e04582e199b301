using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.Workers.Scratch;

/// <summary>At the start of a worker: removes what killed ones left in the scratch directories.</summary>
internal sealed partial class ScratchSweep(WorkerComponents components, IOptionsMonitor<ComponentSettings> settings, ILogger<ScratchSweep> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (var component in components.All)
        {
            var directory = settings.Get(ComponentSettings.Section(component)).ScratchDirectory;
            try
            {
                var removed = await ScratchSpace.RemoveAbandonedAsync(
                    directory, component, (left, e) => LogNotRemoved(logger, left, e.Message), stoppingToken).ConfigureAwait(false);
                if (removed > 0)
                {
                    LogRemoved(logger, removed, directory);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                LogNotRemoved(logger, directory, e.Message);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Information, "removed {Count} directories that killed workers left in {Directory}")]
    private static partial void LogRemoved(ILogger logger, int count, string directory);

    [LoggerMessage(2, LogLevel.Warning, "what killed workers left in {Directory} could not be removed: {Reason}")]
    private static partial void LogNotRemoved(ILogger logger, string directory, string reason);
}
