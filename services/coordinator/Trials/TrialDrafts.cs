using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Backups;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.Trials;

/// <summary>What a request to try a backup comes to: what is refused is what a backup of the same would be refused for, and a worker that is not there.</summary>
internal sealed class TrialDrafts(WorkerDirectory workers, PointCatalog points, ExpectedGrowth growth)
{
    /// <param name="asked">Components; empty means all that are configured.</param>
    /// <param name="cluster">Of the database only this cluster.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<OperationDraft> DraftAsync(IReadOnlyList<Component> asked, string? cluster, CancellationToken cancellationToken)
    {
        var configured = await workers.ConfiguredAsync(cancellationToken);
        BackupDrafts.RequireConfigured(asked, configured);
        var parts = PartChoice.Choose(configured, asked, cluster, "this installation");
        await workers.RequireOneServerEachAsync(parts, cancellationToken);
        await RequireLiveAsync(parts, cancellationToken);
        var expected = await points.ExpectsLocationAsync(cancellationToken);
        var tasks = new List<TaskDraft>();
        foreach (var part in parts)
        {
            tasks.Add(new TaskDraft { Part = part, Stage = 1, Trial = new TrialSpec { ExpectedBytes = await growth.OfAsync(part, cancellationToken), ExpectsLocation = expected } });
        }

        return new OperationDraft { Kind = OperationKind.Trial, Components = [.. parts.Select(part => part.Component).Distinct()], Tasks = tasks };
    }

    /// <summary>A backup waits for a worker that is down; whoever tries one wants to know at once.</summary>
    private async Task RequireLiveAsync(IReadOnlyList<Part> parts, CancellationToken cancellationToken)
    {
        var live = (await workers.LiveAsync(cancellationToken)).SelectMany(WorkerDirectory.PartsOf).ToHashSet();
        var lacking = parts.Where(part => !live.Contains(part)).Select(part => part.Title).ToList();
        if (lacking.Count > 0)
        {
            throw new BackupException(ErrorCodes.WorkerLost, $"no live worker announces {string.Join(", ", lacking)}", "Start it, and look at its log: 'stella service health' shows which workers are there.");
        }
    }
}
