using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Protection;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Secondary;

/// <summary>The small objects of the secondary location, which the coordinator writes itself: manifests, what protects points, and the rules.</summary>
internal sealed class SecondaryObjects(
    CatalogContext catalog, PointCatalog points, SecondaryLocation secondary, PointStore here, PointSigner signer, RetentionRules rules, TimeProvider clock)
{
    /// <summary>
    /// Writes the manifest of a point there, once its snapshots are there: as it is here where all of them are, else one that names those that are, and is
    /// replaced when the others follow. That of an archived point is written as it is, too: it says where its snapshots are.
    /// </summary>
    /// <param name="point">Point, as the catalog knows it.</param>
    /// <param name="there">Its snapshots that are there.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What protects it there.</returns>
    /// <exception cref="BackupException">One of the two locations failed: run it again.</exception>
    public async Task<string?> SaveAsync(PointRow point, IReadOnlyList<ReplicatedSnapshot> there, CancellationToken cancellationToken)
    {
        var protection = ProtectionCopies.Text(point.Id, point.Pin, point.Holds);
        await SaveProtectionAsync(point.Id, protection, cancellationToken);
        var ids = there.Select(snapshot => snapshot.SnapshotId).ToHashSet(StringComparer.Ordinal);
        var named = point.Manifest.Components.Where(snapshot => ids.Contains(snapshot.SnapshotId)).ToList();
        if (named.Count == point.Manifest.Components.Count || point.Manifest.Archive is not null)
        {
            var envelope = await here.LoadEnvelopeAsync(StoredPoint.At(point.Id, point.StartedAt), cancellationToken);
            await secondary.Points.PutAsync(StoredPoint.At(point.Id, point.StartedAt), envelope, cancellationToken);
        }
        else
        {
            await secondary.Points.ReplaceAsync(point.Manifest with { Full = false, Components = named }, signer, cancellationToken);
        }

        return protection;
    }

    /// <summary>Makes the manifests there what they are here, of points whose snapshots are all there. One that cannot be read here keeps back no other.</summary>
    /// <param name="picture">What is stale.</param>
    /// <param name="location">Id of the secondary location.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Points whose manifest was not written, with the reason.</returns>
    /// <exception cref="BackupException">One of the two locations failed.</exception>
    public async Task<IReadOnlyDictionary<Guid, string>> SyncAsync(ReplicaPicture picture, string? location, CancellationToken cancellationToken)
    {
        var unwritten = new Dictionary<Guid, string>();
        foreach (var stale in picture.Stale)
        {
            try
            {
                await SyncAsync(stale, location, cancellationToken);
            }
            catch (BackupException damaged) when (!damaged.Error.Retryable)
            {
                unwritten[stale.Id] = damaged.Message;
            }
        }

        return unwritten;
    }

    private async Task SyncAsync(ReplicaPoint stale, string? location, CancellationToken cancellationToken)
    {
        if (await points.All.SingleOrDefaultAsync(point => point.Id == stale.Id && !point.Deleting, cancellationToken) is not { } point)
        {
            return;
        }

        var row = await catalog.Replicas.SingleOrDefaultAsync(row => row.PointId == stale.Id, cancellationToken);
        if (row is null)
        {
            row = new ReplicaRow { PointId = point.Id, LocationId = location ?? "", PointName = point.Name, StartedAt = point.StartedAt, FinishedAt = point.FinishedAt, ReplicatedAt = clock.GetUtcNow() };
            catalog.Replicas.Add(row);
        }

        // The version is that of the picture: what changed since then is written by the next round.
        row.Protection = await SaveAsync(point, row.Snapshots, cancellationToken);
        row.PointVersion = stale.Version;
        await catalog.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Takes snapshots out of the manifests there, before anybody forgets them: no manifest ever names what is not there.</summary>
    /// <exception cref="BackupException">The secondary location failed.</exception>
    public async Task UnlistAsync(ReplicaRow row, IReadOnlyCollection<ReplicatedSnapshot> gone, CancellationToken cancellationToken)
    {
        var stored = StoredPoint.At(row.PointId, row.StartedAt);
        var ids = gone.Select(snapshot => snapshot.SnapshotId).ToHashSet(StringComparer.Ordinal);
        if (row.Snapshots.All(snapshot => ids.Contains(snapshot.SnapshotId)))
        {
            await secondary.Points.DeleteAsync(stored, cancellationToken);
            await SaveProtectionAsync(row.PointId, null, cancellationToken);
            if (ids.Count == 0)
            {
                // It was archived, and is deleted: no worker has anything to drop.
                await catalog.Replicas.Where(replica => replica.PointId == row.PointId).ExecuteDeleteAsync(cancellationToken);
            }
        }
        else if (await FindAsync(stored, cancellationToken) is { } manifest && manifest.Components.Any(snapshot => ids.Contains(snapshot.SnapshotId)))
        {
            var left = manifest.Components.Where(snapshot => !ids.Contains(snapshot.SnapshotId)).ToList();
            await secondary.Points.ReplaceAsync(manifest with { Full = false, Components = left }, signer, cancellationToken);
        }
    }

    /// <summary>Makes pins and legal holds there what they are here.</summary>
    /// <exception cref="BackupException">The secondary location failed.</exception>
    public async Task ProtectAsync(ReplicaPicture picture, CancellationToken cancellationToken)
    {
        foreach (var point in picture.Points.Where(point => !point.IsProtectedThere))
        {
            var wanted = point.Protection;
            await SaveProtectionAsync(point.Id, wanted, cancellationToken);
            await catalog.Replicas.Where(row => row.PointId == point.Id).ExecuteUpdateAsync(set => set.SetProperty(row => row.Protection, wanted), cancellationToken);
        }
    }

    /// <summary>The rules of the retention, for the day on which the catalog and the first location are lost.</summary>
    /// <returns>What was written; null when it was there already.</returns>
    /// <exception cref="BackupException">The secondary location failed.</exception>
    public async Task<string?> SaveRulesAsync(string? known, CancellationToken cancellationToken)
    {
        var wanted = JsonSerializer.Serialize(await rules.ReadAsync(cancellationToken), JsonColumn.Options);
        if (wanted == known)
        {
            return null;
        }

        await WriteAsync(RetentionRules.CopyKey, wanted, "the rules of the retention", cancellationToken);
        return wanted;
    }

    private Task SaveProtectionAsync(Guid point, string? text, CancellationToken cancellationToken) =>
        WriteAsync(ProtectionCopies.Key(point), text, $"what protects point {point}", cancellationToken);

    private async Task WriteAsync(string key, string? text, string what, CancellationToken cancellationToken)
    {
        try
        {
            if (text is null)
            {
                await secondary.Store!.DeleteAsync(key, cancellationToken);
            }
            else
            {
                await secondary.Store!.PutAsync(key, System.Text.Encoding.UTF8.GetBytes(text), PutMode.Replace, cancellationToken);
            }
        }
        catch (StorageException failure)
        {
            throw failure.ToBackupException($"{what} could not be written into the secondary location");
        }
    }

    private async Task<PointManifest?> FindAsync(StoredPoint stored, CancellationToken cancellationToken)
    {
        try
        {
            return await secondary.Points.LoadAsync(stored, cancellationToken);
        }
        catch (BackupException none) when (none.Error == ErrorCodes.PointNotFound)
        {
            return null;
        }
    }
}
