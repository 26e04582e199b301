using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Archives;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Services;
using StellaOps.Backup.Points.Storing;

namespace StellaOps.Backup.Coordinator.Restores;

/// <summary>Refusals of a restore that need the location or the platform, and so are asked before the acceptance lock is taken.</summary>
internal sealed class RestoreChecks(PointCatalog points, [FromKeyedServices(LocationPatience.Asked)] PointStore store, ArchivedPoints archives, PlatformServices services)
{
    /// <returns>The point, where it comes from an archive that the request names.</returns>
    public async Task<ArchivedPoint?> CheckAsync(RestoreRequest request, IReadOnlyList<Component> asked, CancellationToken cancellationToken)
    {
        TargetDirectory.Check(request.Target);
        if (string.IsNullOrEmpty(request.Point) == string.IsNullOrEmpty(request.Source))
        {
            throw new BackupException(ErrorCodes.InvalidInput, "either a recovery point or an archive is wanted", "Name a point with --name, or the address of an archive with --source.");
        }

        if (!request.Confirm && !request.DryRun)
        {
            throw new BackupException(ErrorCodes.ConfirmationMissing, "a restore replaces data and needs a confirmation");
        }

        var archived = request.Source is { Length: > 0 } source ? await archives.ReadAsync(source, request.TrustKey, cancellationToken) : null;
        var point = archived?.Row ?? await points.FindAsync(request.Point!, cancellationToken);
        if (archived is null)
        {
            await store.LoadAsync(StoredPoint.At(point.Id, point.StartedAt), cancellationToken);
            point = ArchivedPoint.Of(point)?.Row ?? point;
        }

        if (request.Target is null && request is { DryRun: false, AllowRunning: false })
        {
            // Evidence is only ever added to: whoever writes it may go on.
            var components = RestoreDrafts.Choose(point, asked, request.Cluster).Select(snapshot => snapshot.Component).Where(component => component != Component.Evidence).Distinct().ToList();
            await RequireStoppedAsync(components, cancellationToken);
        }

        return archived;
    }

    /// <summary>The same for a recovery to a point in time, which is of the database alone.</summary>
    /// <returns>Services that still write the database. They are refused by the worker, once it has proven that the target can be reached.</returns>
    public async Task<IReadOnlyList<string>> CheckAsync(PointInTimeRequest request, CancellationToken cancellationToken)
    {
        TargetDirectory.Check(request.Target);
        if (!request.Confirm && !request.DryRun)
        {
            throw new BackupException(ErrorCodes.ConfirmationMissing, "a recovery to a point in time replaces data and needs a confirmation");
        }

        return request.Target is null ? [.. (await services.RunningWritersAsync([Component.Database], cancellationToken)).Select(state => state.Service.Name)] : [];
    }

    private async Task RequireStoppedAsync(IReadOnlyList<Component> components, CancellationToken cancellationToken)
    {
        var running = await services.RunningWritersAsync(components, cancellationToken);
        if (running.Count > 0)
        {
            var names = running.Select(state => state.Service.Name).ToList();
            var written = components.Where(component => running.Any(state => state.Service.Components.Contains(component))).ToList();
            var doubt = running.FirstOrDefault(state => state.Doubt is not null);
            throw new BackupException(
                ErrorCodes.ServerRunning,
                $"{string.Join(", ", names)} still {(names.Count == 1 ? "runs and writes" : "run and write")} {string.Join(", ", written.Select(component => component.Name()))}"
                + (doubt is null ? "" : $"; whether {doubt.Service.Name} runs cannot be told: {doubt.Doubt}"),
                $"Stop {(names.Count == 1 ? "it" : "them")} first: stella service stop --service {string.Join(',', names)}. "
                + $"What does no harm may run on: --allow-running{(written.Contains(Component.Database) ? ", but PostgreSQL has to be stopped" : "")}");
        }
    }
}
