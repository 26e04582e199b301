using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Protection;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Portable;

namespace StellaOps.Backup.Coordinator.Copies;

/// <summary>
/// Notes in the signed manifests of points where their archives are, first in the location, then in the catalog: a rebuilt catalog knows it, too. Each change
/// may be made again, and then changes nothing.
/// </summary>
internal sealed class CopyRecords(CatalogContext catalog, [FromKeyedServices(LocationPatience.UnderLock)] PointStore store, PointSigner signer, PointVerifier trusted)
{
    /// <summary>The point is there, too.</summary>
    /// <exception cref="BackupException">The location failed, or an archive that was there already is signed by a key that is not trusted.</exception>
    public Task CopiedAsync(TaskRow task, CancellationToken cancellationToken)
    {
        var copy = Describe(task);
        return ChangeAsync(task, point => point.Manifest with { Copies = [.. point.Manifest.Copies.Where(other => other.Url != copy.Url), copy] }, cancellationToken);
    }

    /// <summary>The point is there, and no more in the location: from now on its snapshots there belong to nobody.</summary>
    /// <exception cref="BackupException">
    /// The location failed, an archive that was there already is signed by a key that is not trusted, or the point has become a protected one or has parts that its archive lacks.
    /// </exception>
    public async Task ArchivedAsync(TaskRow task, CancellationToken cancellationToken)
    {
        var archive = Describe(task);
        var exported = await ExportedAsync(task, cancellationToken);
        await ChangeAsync(
            task,
            point =>
            {
                point.RequireUnprotected();
                RequireSameParts(point, exported, archive.Url);
                return point.Manifest with { Archive = archive };
            },
            cancellationToken);
    }

    /// <summary>Ids of the snapshots that are in the archive: those that the point had when its operation was accepted.</summary>
    private async Task<HashSet<string>> ExportedAsync(TaskRow task, CancellationToken cancellationToken)
    {
        var commands = await catalog.Tasks.AsNoTracking().Where(other => other.OperationId == task.OperationId && other.PointId == task.PointId)
            .Select(other => other.Command).ToListAsync(cancellationToken);
        return [.. commands.SelectMany(command => command.Export?.SnapshotIds ?? [])];
    }

    /// <summary>An undelete may have brought a part back since then: it is in the location alone, and would be forgotten with the others.</summary>
    private static void RequireSameParts(PointRow point, HashSet<string> exported, string url)
    {
        if (exported.SetEquals(point.Manifest.Components.Select(snapshot => snapshot.SnapshotId)))
        {
            return;
        }

        var lacking = point.Manifest.Components.Where(snapshot => !exported.Contains(snapshot.SnapshotId)).Select(snapshot => new Part(snapshot.Component, snapshot.Cluster).Title).ToList();
        throw new BackupException(
            ErrorCodes.Incomplete,
            $"recovery point '{point.Name}' stays in the location: {(lacking.Count > 0 ? $"its archive lacks {string.Join(", ", lacking)}, which came back while it was written" : "it lost parts while its archive was written")}",
            $"What is in {url} is a copy of the point as it was. Move that file away, and run the command again.");
    }

    /// <summary>Under the acceptance lock: another copy of the point may be noted at this moment. So the location has to answer soon, or the sealing is tried again in a minute.</summary>
    private async Task ChangeAsync(TaskRow task, Func<PointRow, PointManifest> change, CancellationToken cancellationToken)
    {
        await using var transaction = await catalog.Database.BeginTransactionAsync(cancellationToken);
        await catalog.LockAsync(AdvisoryLock.Accept, cancellationToken);
        if (await catalog.Points.SingleOrDefaultAsync(point => point.Id == task.PointId, cancellationToken) is not { Manifest.Archive: null } point)
        {
            // Deleted meanwhile, or noted before a crash.
            return;
        }

        var changed = await AcceptedAsync(point, change, cancellationToken);
        await store.ReplaceAsync(changed, signer, cancellationToken);

        // Durable: the location says so. A crash here leaves a catalog that does not know it, until this runs again.
        point.Manifest = changed;
        await catalog.SaveChangesAsync(cancellationToken);
        if (changed.Archive is not null)
        {
            var archived = changed.Components.Select(snapshot => snapshot.SnapshotId).ToList();
            await catalog.Snapshots.Where(snapshot => snapshot.PointId == point.Id && archived.Contains(snapshot.SnapshotId)).ExecuteUpdateAsync(set => set.SetProperty(snapshot => snapshot.Dropping, true), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>A crash may have left a manifest that says what is refused now: a catalog that is rebuilt from it must not believe it.</summary>
    private async Task<PointManifest> AcceptedAsync(PointRow point, Func<PointRow, PointManifest> change, CancellationToken cancellationToken)
    {
        try
        {
            return change(point);
        }
        catch (BackupException)
        {
            await store.ReplaceAsync(point.Manifest, signer, cancellationToken);
            throw;
        }
    }

    private PointCopy Describe(TaskRow task) => new()
    {
        Url = new ArchiveAddress(task.Command.Archive!.Destination, task.Command.Archive.PointName + ArchiveAddress.Suffix).ToString(),
        At = task.EndedAt!.Value,
        Bytes = task.Result!.Copy!.Bytes,
        ManifestSha256 = Convert.ToHexStringLower(SHA256.HashData(ManifestOf(task))),
    };

    /// <summary>That of the archive which was there already and was taken, if it can be trusted, or the one that was signed for this.</summary>
    private byte[] ManifestOf(TaskRow task)
    {
        var signed = task.Command.Archive!.Manifest!;
        if (task.Result!.Copy!.Manifest is not { } found || found == signed)
        {
            return Encoding.UTF8.GetBytes(signed);
        }

        var taken = Encoding.UTF8.GetBytes(found);
        trusted.Require(SignedEnvelope.Parse(taken));
        return taken;
    }
}
