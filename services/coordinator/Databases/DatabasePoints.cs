using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;

namespace StellaOps.Backup.Coordinator.Databases;

/// <summary>Recovery points as far as they hold a cluster of the database.</summary>
internal sealed class DatabasePoints(PointCatalog points)
{
    /// <summary>Whole base backups that are not known to be damaged and not being deleted, newest first.</summary>
    public async Task<IReadOnlyList<RecoveryBase>> WholeAsync(Part part, CancellationToken cancellationToken)
    {
        var bases =
            from point in await Newest(part).Take(RecoverySpec.MaxBases).ToListAsync(cancellationToken)
            where point.Snapshots.Any(row => row.Part == part && row.Damages.Count == 0)
            from snapshot in point.Manifest.Components
            where new Part(snapshot.Component, snapshot.Cluster) == part && snapshot.Outcome == Outcome.Complete
            let cut = snapshot.Database
            where cut is not null
            select new RecoveryBase
            {
                PointId = point.Id,
                PointName = point.Name,
                SnapshotId = snapshot.SnapshotId,
                SystemIdentifier = cut.SystemIdentifier,
                Timeline = cut.Timeline,
                StartLsn = cut.StartLsn,
                StopLsn = cut.StopLsn,
                FinishedAt = snapshot.FinishedAt,
            };
        return [.. bases];
    }

    /// <summary>The newest of all, which tells what the database last was known to be; null where there is none.</summary>
    public async Task<DatabasePoint?> NewestAsync(Part part, CancellationToken cancellationToken) =>
        await Newest(part).FirstOrDefaultAsync(cancellationToken) is { } point
            ? new DatabasePoint { PointName = point.Name, SnapshotId = point.Snapshots.First(snapshot => snapshot.Part == part).SnapshotId }
            : null;

    private IQueryable<PointRow> Newest(Part part) => points.All
        .Where(point => !point.Deleting && point.Snapshots.Any(snapshot => snapshot.Component == Component.Database && snapshot.Cluster == part.Column))
        .OrderByDescending(point => point.FinishedAt);
}
