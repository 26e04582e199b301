using System.Globalization;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;

namespace StellaOps.Backup.Coordinator.Wal;

/// <summary>The WAL archives of the location, read from its listing; windows begin at the base backups of the catalog's points.</summary>
internal sealed class WalReport(PointCatalog points, IObjectStore location)
{
    public async Task<IReadOnlyList<WalArchiveView>> ReadAsync(DateTimeOffset? after, DateTimeOffset? before, CancellationToken cancellationToken)
    {
        try
        {
            var views = new List<WalArchiveView>();
            foreach (var system in await WalInventory.ClustersAsync(location, cancellationToken))
            {
                var inventory = await WalInventory.ReadAsync(location, system, null, cancellationToken);
                var bases = await BasesAsync(system, cancellationToken);
                views.Add(WalViews.Of(inventory, ReachableWindows.Of(inventory, bases), after, before));
            }

            return views;
        }
        catch (WalException failure)
        {
            throw new BackupException(ErrorCodes.Damaged, failure.Message, inner: failure);
        }
    }

    /// <summary>Base backups of a cluster that are not known to be damaged.</summary>
    private async Task<IReadOnlyList<BaseCut>> BasesAsync(ulong system, CancellationToken cancellationToken)
    {
        var rows = await points.All.Where(point => !point.Deleting && point.Snapshots.Any(snapshot => snapshot.Component == Component.Database)).ToListAsync(cancellationToken);
        return
        [
            .. from point in rows
               where !point.Snapshots.Any(row => row.Component == Component.Database && row.Damages.Count > 0)
               from snapshot in point.Manifest.Components
               let cut = snapshot.Database
               where cut is not null && cut.SystemIdentifier == system.ToString(CultureInfo.InvariantCulture)
               select new BaseCut(point.Name, (uint)cut.Timeline, Lsn.Parse(cut.StartLsn), Lsn.Parse(cut.StopLsn), snapshot.FinishedAt),
        ];
    }
}
