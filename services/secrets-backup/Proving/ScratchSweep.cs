using StellaOps.Backup.Workers;

namespace StellaOps.Backup.SecretsBackup.Proving;

/// <summary>At the start of the service: removes decrypted copies that a killed process has left behind.</summary>
internal sealed class ScratchSweep(IEnumerable<IComponentHandler> handlers) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var handler in handlers.OfType<SecretsHandler>())
        {
            handler.RemoveAbandonedScratch();
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
