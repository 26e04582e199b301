using System.Globalization;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;
using StellaOps.Backup.Wal.Expiry;

namespace StellaOps.Backup.Coordinator.Wal;

/// <summary>
/// Removes WAL that no point needs any more. What is kept is read from the location, not from the catalog, which may lack points. Where a
/// point or an archive cannot be read, nothing is known of what it needs: everything stays, and a warning says so.
/// </summary>
internal sealed partial class WalRetention(CatalogContext catalog, PointCatalog points, PointStore store, IObjectStore location, TimeProvider clock, ILogger<WalRetention> logger)
{
    /// <summary>Looks through the archives of all clusters. May be stopped anywhere and run again.</summary>
    /// <exception cref="BackupException">The location failed for now.</exception>
    public Task ApplyAsync(CancellationToken cancellationToken) => ApplyAsync(location, [store], cancellationToken);

    /// <summary>The same in another location, which has copies of points: what is needed in either of the two stays.</summary>
    /// <exception cref="BackupException">One of them failed for now.</exception>
    public Task ApplyToAsync(IObjectStore other, PointStore copies, CancellationToken cancellationToken) => ApplyAsync(other, [store, copies], cancellationToken);

    private async Task ApplyAsync(IObjectStore archives, IReadOnlyList<PointStore> stores, CancellationToken cancellationToken)
    {
        try
        {
            var clusters = await WalInventory.ClustersAsync(archives, cancellationToken);
            var cuts = clusters.Count > 0 ? await CutsAsync(stores, cancellationToken) : [];
            foreach (var system in clusters)
            {
                await ApplyAsync(archives, system, [.. cuts.Where(one => one.System == system).Select(one => one.Cut)], cancellationToken);
            }
        }
        catch (StorageException denied) when (denied.Failure == StorageFailure.PermissionDenied)
        {
            LogKept(logger, $"the coordinator may not remove it: {denied.Message}");
        }
        catch (BackupException unreadable) when (!unreadable.Error.Retryable)
        {
            LogKept(logger, unreadable.Message);
        }
        catch (WalException damaged)
        {
            LogKept(logger, damaged.Message);
        }
        catch (StorageException failure)
        {
            throw failure.ToBackupException("WAL that no point needs any more could not be removed");
        }
    }

    private async Task ApplyAsync(IObjectStore archives, ulong system, IReadOnlyList<BaseCut> cuts, CancellationToken cancellationToken)
    {
        var inventory = await WalInventory.ReadAsync(archives, system, null, cancellationToken);
        if (ExpiryPlan.Make(inventory, cuts) is { } plan)
        {
            await new WalExpiry(archives, clock).RunAsync(inventory, plan, cancellationToken);
            LogExpired(logger, system, plan.Wal.Count, plan.Bytes, string.Join(", ", plan.Timelines.Select(one => $"{one.Before} of timeline {one.Timeline}")));
        }
    }

    /// <summary>Base backups of every point of the locations, whatever their state, and of those that can still be brought back. Recoveries begin with none in an archive.</summary>
    private async Task<IReadOnlyList<(ulong System, BaseCut Cut)>> CutsAsync(IReadOnlyList<PointStore> stores, CancellationToken cancellationToken)
    {
        var known = await points.All.ToDictionaryAsync(point => point.Id, point => point.Manifest, cancellationToken);
        var cuts = new List<(ulong, BaseCut)>();
        foreach (var each in stores)
        {
            foreach (var stored in await each.ListAsync(cancellationToken))
            {
                var manifest = known.GetValueOrDefault(stored.Id) ?? await each.LoadAsync(stored, cancellationToken);
                cuts.AddRange(manifest.Components.Where(snapshot => snapshot.Database is not null && manifest.Archive is null).Select(snapshot => Of(manifest.Name, snapshot)));
            }
        }

        var now = clock.GetUtcNow();
        foreach (var row in await catalog.Forgotten.AsNoTracking().Where(row => row.Component == Component.Database && row.Until > now).ToListAsync(cancellationToken))
        {
            cuts.Add(Of(row.PointName, row.Snapshot));
        }

        return cuts;
    }

    private static (ulong System, BaseCut Cut) Of(string name, ComponentSnapshot snapshot)
    {
        var cut = snapshot.Database!;
        return (
            ulong.Parse(cut.SystemIdentifier, CultureInfo.InvariantCulture),
            new BaseCut(name, (uint)cut.Timeline, Lsn.Parse(cut.StartLsn), Lsn.Parse(cut.StopLsn), snapshot.FinishedAt));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "WAL of cluster {System} that no recovery point needs was removed, {Objects} objects with {Bytes} bytes; it is kept from {Positions}")]
    private static partial void LogExpired(ILogger logger, ulong system, int objects, long bytes, string positions);

    [LoggerMessage(Level = LogLevel.Warning, Message = "WAL that no recovery point needs any more stays: {Problem}")]
    private static partial void LogKept(ILogger logger, string problem);
}
