using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;

namespace StellaOps.Backup.Coordinator.Backups;

/// <summary>How much the next backup may add to the location, by what the last ones added.</summary>
internal sealed class ExpectedGrowth(PointCatalog points)
{
    /// <summary>Backups whose size says how much the next one may add.</summary>
    private const int Recent = 5;

    /// <summary>The most that one of the last backups of a part added. The first of all adds everything, and says nothing about the next one: null where there was no other.</summary>
    public async Task<long?> OfAsync(Part part, CancellationToken cancellationToken)
    {
        var newest = await points.All
            .Where(point => point.Snapshots.Any(snapshot => snapshot.Component == part.Component && snapshot.Cluster == part.Column))
            .OrderByDescending(point => point.FinishedAt)
            .Take(Recent + 1)
            .ToListAsync(cancellationToken);
        return newest.SkipLast(newest.Count > Recent ? 0 : 1).SelectMany(point => point.Manifest.Components)
            .Where(snapshot => new Part(snapshot.Component, snapshot.Cluster) == part)
            .Select(snapshot => (long?)snapshot.BytesAdded).Max();
    }
}
