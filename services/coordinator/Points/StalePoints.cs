using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Archives;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Protection;
using StellaOps.Backup.Points.Storing;

namespace StellaOps.Backup.Coordinator.Points;

/// <summary>
/// Points that the catalog knows otherwise than the location does, after it was restored to an earlier state, or when another location was put in place of the
/// one that it knew. The location is right. What operations are still working on is theirs: they make the two agree, and know what is to be remembered of it.
/// What the location lost was dropped by nobody: the books of the secondary location forget it, so that it stays there.
/// </summary>
internal sealed partial class StalePoints(
    CatalogContext catalog, [FromKeyedServices(LocationPatience.UnderLock)] PointStore store, PointUse use, ILogger<StalePoints> logger)
{
    /// <summary>Makes a point of the catalog what its manifest says.</summary>
    /// <returns>Whether it was something else.</returns>
    /// <exception cref="BackupException">The manifest cannot be read.</exception>
    public async Task<bool> RenewAsync(StoredPoint stored, CancellationToken cancellationToken)
    {
        var known = await catalog.Points.AsNoTracking().Where(point => point.Id == stored.Id).Select(point => point.Manifest).SingleOrDefaultAsync(cancellationToken);
        if (known is null || Text(known) == Text(await store.LoadAsync(stored, cancellationToken)))
        {
            return false;
        }

        return await ChangeAsync(stored.Id, async point =>
        {
            var manifest = await store.LoadAsync(stored, cancellationToken);
            await AdoptAsync(point, manifest, cancellationToken);
            LogRenewed(logger, point.Name, string.Join(", ", manifest.Components.Select(snapshot => new Part(snapshot.Component, snapshot.Cluster).Title)), manifest.Archive?.Url ?? "the location");
        }, cancellationToken);
    }

    /// <summary>Takes a point from the catalog that has no manifest in the location, and what was proven of it.</summary>
    /// <returns>Whether it was there.</returns>
    /// <exception cref="BackupException">The location failed.</exception>
    public async Task<bool> UnlistAsync(Guid id, CancellationToken cancellationToken) => await ChangeAsync(id, async point =>
    {
        if (await ExistsAsync(StoredPoint.At(point.Id, point.StartedAt), cancellationToken))
        {
            return; // Brought back since the location was listed.
        }

        LogUnlisted(logger, point.Name, point.FinishedAt);
        if (point.IsProtected())
        {
            LogProtected(logger, point.Name, string.Join(", ", ProtectedPoint.Reasons(point.Pin, point.Holds)));
        }

        // With the point or not at all: a row that is left behind says that the point was dropped here, and is to go there.
        await catalog.Replicas.Where(row => row.PointId == point.Id).ExecuteDeleteAsync(cancellationToken);
        catalog.Points.Remove(point);
    }, cancellationToken);

    private async Task<bool> ChangeAsync(Guid id, Func<PointRow, Task> change, CancellationToken cancellationToken)
    {
        await using var transaction = await catalog.Database.BeginTransactionAsync(cancellationToken);
        await catalog.LockAsync(AdvisoryLock.Accept, cancellationToken);
        var point = await catalog.Points.IgnoreQueryFilters().Include(row => row.Snapshots).SingleOrDefaultAsync(row => row.Id == id, cancellationToken);
        if (point is null || point.Deleting || IsThinned(point) || await use.IsUsedAsync(point, cancellationToken))
        {
            return false;
        }

        await change(point);
        var changed = await catalog.SaveChangesAsync(cancellationToken) > 0;
        await transaction.CommitAsync(cancellationToken);
        return changed;
    }

    private static bool IsThinned(PointRow point) => !point.IsArchived() && point.Snapshots.Exists(snapshot => snapshot.Dropping);

    /// <summary>What was found damaged, and proven, of snapshots that stay is kept with them.</summary>
    private async Task AdoptAsync(PointRow point, PointManifest manifest, CancellationToken cancellationToken)
    {
        var renewed = PointRow.From(manifest);
        var lost = new List<string>();
        (point.Manifest, point.Full) = (manifest, manifest.Full);
        foreach (var snapshot in point.Snapshots.ToList())
        {
            if (renewed.Snapshots.Find(one => one.Part == snapshot.Part && one.SnapshotId == snapshot.SnapshotId) is { } same)
            {
                snapshot.Dropping = same.Dropping;
                renewed.Snapshots.Remove(same);
            }
            else
            {
                catalog.Snapshots.Remove(snapshot);
                lost.Add(snapshot.SnapshotId);
            }
        }

        catalog.Snapshots.AddRange(renewed.Snapshots);
        if (lost.Count > 0 && await catalog.Replicas.SingleOrDefaultAsync(row => row.PointId == point.Id, cancellationToken) is { } there)
        {
            there.Snapshots = [.. there.Snapshots.Where(snapshot => !lost.Contains(snapshot.SnapshotId))];
        }
    }

    private async Task<bool> ExistsAsync(StoredPoint stored, CancellationToken cancellationToken)
    {
        try
        {
            await store.LoadAsync(stored, cancellationToken);
            return true;
        }
        catch (BackupException absent) when (absent.Error == ErrorCodes.PointNotFound)
        {
            return false;
        }
    }

    private static string Text(PointManifest manifest) => JsonSerializer.Serialize(manifest, JsonColumn.Options);

    [LoggerMessage(1, LogLevel.Warning, "the catalog knew recovery point '{Point}' otherwise than its manifest says; it is now what that says: {Parts}, in {Place}")]
    private static partial void LogRenewed(ILogger logger, string point, string parts, string place);

    [LoggerMessage(2, LogLevel.Warning, "recovery point '{Point}', taken until {FinishedAt:u}, is not listed any more: the location has no manifest of it")]
    private static partial void LogUnlisted(ILogger logger, string point, DateTimeOffset finishedAt);

    [LoggerMessage(3, LogLevel.Warning, "recovery point '{Point}', which is not listed any more, was protected: {Reasons}; a copy in the secondary location stays there")]
    private static partial void LogProtected(ILogger logger, string point, string reasons);
}
