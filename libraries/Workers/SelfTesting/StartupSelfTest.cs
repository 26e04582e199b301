using Microsoft.Extensions.Hosting;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Repository.SelfTesting;

namespace StellaOps.Backup.Workers.SelfTesting;

/// <summary>Tests this machine before the worker takes its first task; one that fails stops the worker.</summary>
/// <param name="tests">Run one after the other.</param>
internal sealed class StartupSelfTest(params IReadOnlyList<Func<CancellationToken, Task>> tests) : IHostedService
{
    /// <exception cref="BackupException"><see cref="ErrorCodes.SelfTestFailed"/>.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var test in tests)
            {
                await test(cancellationToken).ConfigureAwait(false);
            }
        }
        catch (SelfTestException failure)
        {
            throw new BackupException(ErrorCodes.SelfTestFailed, $"the self-test failed on {Environment.MachineName}: {failure.Message}", inner: failure);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
