using System.Globalization;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Workers;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;

namespace StellaOps.Backup.Coordinator.Wal;

/// <summary>The WAL archives of the location, read from its listing; windows begin at the base backups of the catalog's points; what hinders archiving, workers say.</summary>
internal sealed class WalReport(PointCatalog points, WorkerDirectory workers, [FromKeyedServices(LocationPatience.Asked)] IObjectStore location)
{
    public async Task<IReadOnlyList<WalArchiveView>> ReadAsync(string? cluster, DateTimeOffset? after, DateTimeOffset? before, CancellationToken cancellationToken)
    {
        try
        {
            var views = new List<WalArchiveView>();
            var bases = await BasesAsync(cancellationToken);
            var announced = (await workers.LiveAsync(cancellationToken)).SelectMany(row => row.Announcement.Clusters).ToLookup(one => one.SystemIdentifier);
            foreach (var system in await WalInventory.ClustersAsync(location, cancellationToken))
            {
                var inventory = await WalInventory.ReadAsync(location, system, null, cancellationToken);
                var view = WalViews.Of(inventory, ReachableWindows.Of(inventory, [.. bases[system]]), [.. announced[system.ToString(CultureInfo.InvariantCulture)]], after, before);
                if (cluster is null || view.Cluster == cluster)
                {
                    views.Add(view);
                }
            }

            return cluster is null || views.Count > 0
                ? views
                : throw new BackupException(ErrorCodes.InvalidInput, $"no WAL of a cluster '{cluster}' is archived", "'stella backup wal-list' shows the archives of all clusters.");
        }
        catch (WalException failure)
        {
            throw new BackupException(ErrorCodes.Damaged, failure.Message, inner: failure);
        }
        catch (StorageException failure)
        {
            throw failure.ToBackupException("the archived WAL could not be listed");
        }
    }

    /// <summary>Base backups, by system identifier, that a recovery may begin with: whole, and not known to be damaged.</summary>
    public async Task<ILookup<ulong, BaseCut>> BasesAsync(CancellationToken cancellationToken)
    {
        var rows = await points.All.Where(point => !point.Deleting && point.Snapshots.Any(snapshot => snapshot.Component == Component.Database)).ToListAsync(cancellationToken);
        var cuts =
            from point in rows
            from snapshot in point.Manifest.Components
            let cut = snapshot.Database
            where cut is not null && snapshot.Outcome == Outcome.Complete
            let part = new Part(snapshot.Component, snapshot.Cluster)
            where !point.Snapshots.Any(row => row.Part == part && row.Damages.Count > 0)
            select (System: ulong.Parse(cut.SystemIdentifier, CultureInfo.InvariantCulture),
                Cut: new BaseCut(point.Name, (uint)cut.Timeline, Lsn.Parse(cut.StartLsn), Lsn.Parse(cut.StopLsn), snapshot.FinishedAt));
        return cuts.ToLookup(one => one.System, one => one.Cut);
    }
}
