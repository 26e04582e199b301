using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Archives;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Points.Storing;

namespace StellaOps.Backup.Coordinator.Points;

/// <summary>
/// Points that the catalog knows otherwise than the location does, after it was restored to an earlier state, or when another location was put in place of the
/// one that it knew. The location is right. What operations are still working on is theirs: they make the two agree, and know what is to be remembered of it.
/// </summary>
internal sealed partial class StalePoints(CatalogContext catalog, PointStore store, PointUse use, ILogger<StalePoints> logger)
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
            Adopt(point, manifest);
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
    private void Adopt(PointRow point, PointManifest manifest)
    {
        var renewed = PointRow.From(manifest);
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
            }
        }

        catalog.Snapshots.AddRange(renewed.Snapshots);
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
}
