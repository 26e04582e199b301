using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.Backups;

/// <summary>What a request for a backup comes to.</summary>
internal sealed class BackupDrafts(BackupNames names, WorkerDirectory workers, PointCatalog points, BackupLocation location)
{
    /// <param name="asked">Components; empty means all that are configured.</param>
    /// <param name="cluster">Of the database only this cluster.</param>
    /// <param name="name">Wanted name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<OperationDraft> DraftAsync(IReadOnlyList<Component> asked, string? cluster, string? name, CancellationToken cancellationToken)
    {
        var configured = await workers.ConfiguredAsync(cancellationToken);
        RequireConfigured(asked, configured);
        var parts = PartChoice.Choose(configured, asked, cluster, "this installation");
        await workers.RequireOneServerEachAsync(parts, cancellationToken);
        var pointId = Guid.CreateVersion7();
        var pointName = await names.ChooseAsync(name, cancellationToken);
        var expected = await points.ExpectsLocationAsync(cancellationToken);
        return new OperationDraft
        {
            Kind = OperationKind.Backup,
            Components = [.. parts.Select(part => part.Component).Distinct()],
            PointId = pointId,
            PointName = pointName,
            Request = new OperationRequest { Full = !configured.Except(parts).Any(), LocationId = await location.FindAsync(cancellationToken) },
            Tasks = [.. parts.Select(part => new TaskDraft
            {
                Part = part,
                Stage = BackupPlan.StageOf(part.Component),
                PointId = pointId,
                PointName = pointName,
                Backup = new BackupSpec { PointId = pointId, PointName = pointName, ExpectsLocation = expected },
            })],
        };
    }

    /// <summary>A task that no worker will ever take must not be accepted.</summary>
    internal static void RequireConfigured(IReadOnlyList<Component> asked, IReadOnlyList<Part> configured)
    {
        if (configured.Count == 0)
        {
            throw new BackupException(ErrorCodes.NotConfigured, "no worker has announced a component that it is configured for", "Start the workers: 'stella service health' shows which are there.");
        }

        var unknown = asked.Except(configured.Select(part => part.Component)).Select(component => component.Name()).ToList();
        if (unknown.Count > 0)
        {
            throw new BackupException(ErrorCodes.NotConfigured, $"no worker is configured for {string.Join(", ", unknown)}", "Add the component's section to the configuration of its worker and start it; 'stella service health' shows which are there.");
        }
    }
}
