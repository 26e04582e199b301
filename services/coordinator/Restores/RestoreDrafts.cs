using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Archives;
using StellaOps.Backup.Coordinator.Databases;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.Restores;

/// <summary>What a request to restore comes to. Everything that can be refused is refused here, before any data is touched.</summary>
internal sealed class RestoreDrafts(PointCatalog points, PointUse use, WorkerDirectory workers, DatabasePoints databases)
{
    /// <param name="request">What is wanted.</param>
    /// <param name="asked">Its components; empty for all.</param>
    /// <param name="archived">The point, where it comes from an archive that the request names. One that was archived is read where it is now.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<OperationDraft> DraftAsync(RestoreRequest request, IReadOnlyList<Component> asked, ArchivedPoint? archived, CancellationToken cancellationToken)
    {
        var listed = archived is null ? await points.FindAsync(request.Point!, cancellationToken) : null;
        archived ??= ArchivedPoint.Of(listed!);
        var point = archived?.Row ?? listed!;
        if (archived is null)
        {
            await use.RequireNotDeletingAsync(point, cancellationToken);
        }

        var snapshots = Choose(point, asked, request.Cluster);
        RequireUndamaged(point, snapshots);
        var parts = snapshots.Select(snapshot => snapshot.Part).ToList();
        await workers.RequireOneServerEachAsync(parts, cancellationToken);
        if (request.WithMigration || request.Tablespaces.Count > 0)
        {
            PartChoice.RequireOneCluster(parts, $"recovery point '{point.Name}'");
        }

        var newest = await NewestAsync(parts, cancellationToken);
        var wanted = new OperationRequest { DryRun = request.DryRun, Target = request.Target, Reason = request.Reason };
        return new OperationDraft
        {
            Kind = OperationKind.Restore,
            Components = [.. snapshots.Select(snapshot => snapshot.Component).Distinct()],
            PointId = point.Id,
            PointName = point.Name,
            Request = wanted,
            Details = $"{wanted.Words("in place")}: {string.Join(", ", parts.Select(part => part.Title))}{(request.Source is { } source ? $", from {source}" : "")}",
            Tasks = [.. snapshots.Select(snapshot => new TaskDraft
            {
                Part = snapshot.Part,
                Stage = RestorePlan.StageOf(snapshot.Component),
                PointId = point.Id,
                PointName = point.Name,
                Restore = new RestoreSpec
                {
                    PointId = point.Id,
                    PointName = point.Name,
                    SnapshotId = snapshot.SnapshotId,
                    Source = archived?.Source,
                    Incomplete = point.Manifest.Components.Any(saved => saved.SnapshotId == snapshot.SnapshotId && saved.Outcome != Outcome.Complete),
                    TargetDirectory = snapshots.Count == 1 ? request.Target : TargetDirectory.For(request.Target, snapshot.Part, parts),
                    DryRun = request.DryRun,
                    KeepReplaced = request.KeepReplaced,
                    WithMigration = request.WithMigration,
                    Newest = newest.GetValueOrDefault(snapshot.Part),
                    Tablespaces = snapshot.Component == Component.Database ? request.Tablespaces : [],
                },
            })],
        };
    }

    /// <summary>The point's snapshots of what was asked for; all of them when nothing was named. Who names the database has to say which cluster.</summary>
    public static IReadOnlyList<SnapshotRow> Choose(PointRow point, IReadOnlyList<Component> asked, string? cluster)
    {
        RequireHeld(point, asked);
        var where = $"recovery point '{point.Name}'";
        var parts = PartChoice.Choose(point.Snapshots.Select(snapshot => snapshot.Part), asked, cluster, where);
        if (asked.Count > 0)
        {
            PartChoice.RequireOneCluster(parts, where);
        }

        return [.. point.Snapshots.Where(snapshot => parts.Contains(snapshot.Part)).OrderBy(snapshot => snapshot.Part)];
    }

    internal static void RequireHeld(PointRow point, IReadOnlyList<Component> asked)
    {
        var lacking = asked.Except(point.Snapshots.Select(snapshot => snapshot.Component)).Select(component => component.Name()).ToList();
        if (lacking.Count > 0)
        {
            throw new BackupException(ErrorCodes.InvalidInput, $"recovery point '{point.Name}' does not hold {string.Join(", ", lacking)}", $"'stella backup info --name {point.Name}' shows what it holds.");
        }
    }

    /// <summary>Of each cluster its newest point, which tells what the platform last was.</summary>
    private async Task<IReadOnlyDictionary<Part, DatabasePoint?>> NewestAsync(IReadOnlyList<Part> parts, CancellationToken cancellationToken)
    {
        var newest = new Dictionary<Part, DatabasePoint?>();
        foreach (var part in parts.Where(part => part.Component == Component.Database))
        {
            newest[part] = await databases.NewestAsync(part, cancellationToken);
        }

        return newest;
    }

    internal static void RequireUndamaged(PointRow point, IReadOnlyList<SnapshotRow> snapshots)
    {
        var damaged = snapshots.Where(snapshot => snapshot.Damages.Count > 0).Select(snapshot => snapshot.Part.Title).ToList();
        if (damaged.Count > 0)
        {
            throw new BackupException(
                ErrorCodes.Damaged,
                $"recovery point '{point.Name}' is known to be damaged in {string.Join(", ", damaged)}",
                "Restore from an earlier point ('stella backup list' shows which are proven), or verify again after a repair.");
        }
    }
}
