using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.SelfTesting;
using StellaOps.Backup.Workers.Scratch;
using StellaOps.Backup.Workers.Settings;
using StellaOps.Backup.Workers.Tasks;

namespace StellaOps.Backup.Workers.SelfTesting;

/// <summary>
/// Tests this machine before the worker takes its first task; one that fails stops the worker. Where it cannot be done, that says nothing about the machine,
/// and the worker starts.
/// </summary>
/// <param name="test">Tests the machine in an empty directory (<see cref="EngineSelfTest"/>).</param>
/// <param name="components">Of the worker; the first one's scratch directory is used.</param>
/// <param name="settings">Their settings.</param>
/// <param name="clock">Tells how long it takes.</param>
/// <param name="logger">Told the outcome.</param>
internal sealed partial class StartupSelfTest(
    Func<string, CancellationToken, Task> test, WorkerComponents components, IOptionsMonitor<ComponentSettings> settings, TimeProvider clock, ILogger<StartupSelfTest> logger) : IHostedService
{
    /// <summary>A busy machine with a slow disk is not broken.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <exception cref="BackupException"><see cref="ErrorCodes.SelfTestFailed"/>.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        using var time = new CancellationTokenSource(Limit, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(time.Token, cancellationToken);
        var scratch = settings.Get(ComponentSettings.Section(components.All[0])).ScratchDirectory;
        try
        {
            var space = ScratchSpace.Create(scratch, components.All[0]);
            await using (space.ConfigureAwait(false))
            {
                await test(space.Path, limit.Token).ConfigureAwait(false);
            }

            IdleMemory.GiveBack();
            LogPassed(logger, clock.GetElapsedTime(started));
        }
        catch (SelfTestException failure)
        {
            throw new BackupException(ErrorCodes.SelfTestFailed, $"the self-test failed on {Environment.MachineName}: {failure.Message}", inner: failure);
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
        {
            LogNotDone(logger, $"{scratch} cannot be used: {unusable.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotDone(logger, $"it took longer than {Limit.TotalSeconds:0} s");
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(1, LogLevel.Information, "the self-test of the engine passed in {Duration}")]
    private static partial void LogPassed(ILogger logger, TimeSpan duration);

    [LoggerMessage(2, LogLevel.Warning, "the self-test of the engine could not be done: {Reason}")]
    private static partial void LogNotDone(ILogger logger, string reason);
}
