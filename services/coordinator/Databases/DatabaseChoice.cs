using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.Databases;

/// <summary>Which cluster a request means that is of one alone.</summary>
internal sealed class DatabaseChoice(WorkerDirectory workers)
{
    /// <summary>The named cluster, or the only one that workers are configured for.</summary>
    /// <exception cref="BackupException">There is none, there are several, or two servers go by its name.</exception>
    public async Task<Part> ChooseAsync(string? cluster, CancellationToken cancellationToken)
    {
        var configured = (await workers.ConfiguredAsync(cancellationToken)).Where(part => part.Component == Component.Database).ToList();
        if (configured.Count == 0)
        {
            throw new BackupException(ErrorCodes.NotConfigured, "no worker is configured for a database", "Start the worker of the cluster: 'stella service health' shows which are there.");
        }

        var chosen = PartChoice.Choose(configured, [Component.Database], cluster, "this installation");
        PartChoice.RequireOneCluster(chosen, "this installation");
        await workers.RequireOneServerEachAsync(chosen, cancellationToken);
        return chosen[0];
    }
}
