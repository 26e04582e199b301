using Microsoft.Extensions.Hosting;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.SelfTesting;

namespace StellaOps.Backup.Workers.SelfTesting;

/// <summary>Tests this machine before the worker takes its first task; one that fails stops the worker.</summary>
/// <param name="test">Tests it (<see cref="KnownAnswers.Check()"/>).</param>
internal sealed class StartupSelfTest(Action test) : IHostedService
{
    /// <exception cref="BackupException"><see cref="ErrorCodes.SelfTestFailed"/>.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            test();
            return Task.CompletedTask;
        }
        catch (SelfTestException failure)
        {
            throw new BackupException(ErrorCodes.SelfTestFailed, $"the self-test failed on {Environment.MachineName}: {failure.Message}", inner: failure);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
