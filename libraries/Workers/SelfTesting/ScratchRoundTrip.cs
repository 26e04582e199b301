using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.SelfTesting;
using StellaOps.Backup.Workers.Scratch;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.Workers.SelfTesting;

/// <summary>
/// A <see cref="RoundTrip"/> in the scratch directory, where it is wished (<see cref="WorkerSettings.SelfTest"/>). A directory that cannot be written is no reason not to
/// start: backups do not need it.
/// </summary>
internal sealed partial class ScratchRoundTrip(
    WorkerComponents components, IOptions<WorkerSettings> worker, IOptionsMonitor<ComponentSettings> settings, ILogger<ScratchRoundTrip> logger)
{
    /// <exception cref="SelfTestException">What was restored is not what was saved, or could not be read again.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (worker.Value.SelfTest < SelfTest.RoundTrip)
        {
            return;
        }

        var component = components.All[0];
        var directory = settings.Get(ComponentSettings.Section(component)).ScratchDirectory;
        try
        {
            var scratch = ScratchSpace.Create(directory, component);
            await using (scratch.ConfigureAwait(false))
            {
                await RoundTrip.RunAsync(scratch.Path, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or RepositoryException { Failure: RepositoryFailure.TargetFull or RepositoryFailure.TargetRefused })
        {
            LogNotMade(logger, directory, e.Message);
        }
        catch (RepositoryException e)
        {
            throw new SelfTestException($"a backup of a megabyte cannot be restored: {e.Message}");
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "the self-test saved and restored nothing: {Directory} cannot be used: {Reason}")]
    private static partial void LogNotMade(ILogger logger, string directory, string reason);
}
