using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Coordinator.Services;

namespace StellaOps.Backup.Coordinator.Databases;

/// <summary>Whether the database's server is there to be worked with, as far as the coordinator controls it.</summary>
internal sealed class DatabaseServer(PlatformServices services)
{
    /// <exception cref="BackupException">It was stopped.</exception>
    public async Task RequireRunningAsync(CancellationToken cancellationToken)
    {
        // In start order: before the server itself nothing that writes the database can run.
        var server = (await services.StatusAsync(cancellationToken)).FirstOrDefault(entry => entry.Service.Components.Contains(Component.Database));
        if (server is { Service: var service, Running: false })
        {
            throw new BackupException(ErrorCodes.SourceUnreachable, $"{service.Name} does not run", $"Start it alone, and what uses it later: stella service start --service {service.Name}");
        }
    }
}
