using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Parts;

namespace StellaOps.Backup.Coordinator.Points;

/// <summary>The newest backup of a component, and of each cluster of a database, as the manifest of its point tells of it.</summary>
/// <param name="Part">What was saved.</param>
/// <param name="Point">Name of the point.</param>
/// <param name="Snapshot">What the manifest says.</param>
internal sealed record NewestBackup(Part Part, string Point, ComponentSnapshot Snapshot)
{
    /// <param name="catalog">Lists the points.</param>
    /// <param name="configured">What is saved: of a cluster that was taken out of use, nothing is expected any more.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>One for each of these parts that is in any point, in the order of parts.</returns>
    public static async Task<IReadOnlyList<NewestBackup>> ReadAsync(CatalogContext catalog, IReadOnlyCollection<Part> configured, CancellationToken cancellationToken)
    {
        var newest = (await catalog.Snapshots.AsNoTracking()
            .GroupBy(snapshot => new { snapshot.Component, snapshot.Cluster })
            .Select(group => group.OrderByDescending(snapshot => snapshot.FinishedAt).First())
            .ToListAsync(cancellationToken)).FindAll(snapshot => configured.Contains(snapshot.Part));
        var ids = newest.Select(snapshot => snapshot.PointId).Distinct().ToList();
        var manifests = await catalog.Points.AsNoTracking().Where(point => ids.Contains(point.Id)).Select(point => point.Manifest).ToListAsync(cancellationToken);
        return [.. newest.Select(snapshot => Of(snapshot.Part, manifests.Find(manifest => manifest.Id == snapshot.PointId))).OfType<NewestBackup>().OrderBy(one => one.Part)];
    }

    // A point that was deleted between the two queries has none.
    private static NewestBackup? Of(Part part, PointManifest? manifest) =>
        manifest?.Components.FirstOrDefault(snapshot => new Part(snapshot.Component, snapshot.Cluster) == part) is { } found ? new NewestBackup(part, manifest.Name, found) : null;
}
