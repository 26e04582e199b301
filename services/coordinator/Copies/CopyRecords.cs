using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Portable;

namespace StellaOps.Backup.Coordinator.Copies;

/// <summary>
/// Notes in the signed manifests of points where their archives are, first in the location, then in the catalog: a rebuilt catalog knows it, too. Each change
/// may be made again, and then changes nothing.
/// </summary>
internal sealed class CopyRecords(CatalogContext catalog, PointStore store, PointSigner signer, PointVerifier trusted)
{
    /// <summary>The point is there, too.</summary>
    /// <exception cref="BackupException">The location failed.</exception>
    public Task CopiedAsync(TaskRow task, CancellationToken cancellationToken)
    {
        var copy = Describe(task, task.Command.Archive!.Manifest!);
        return ChangeAsync(task, manifest => manifest with { Copies = [.. manifest.Copies.Where(other => other.Url != copy.Url), copy] }, cancellationToken);
    }

    /// <summary>The point is there, and no more in the location: from now on its snapshots there belong to nobody.</summary>
    /// <exception cref="BackupException">The location failed, or an archive that was there already is signed by a key that is not trusted.</exception>
    public async Task ArchivedAsync(TaskRow task, CancellationToken cancellationToken)
    {
        var manifest = task.Command.Archive!.Manifest!;
        if (task.Result!.Copy!.Manifest is { } found && found != manifest)
        {
            trusted.Require(SignedEnvelope.Parse(Encoding.UTF8.GetBytes(found)));
            manifest = found;
        }

        var archive = Describe(task, manifest);
        await ChangeAsync(task, one => one with { Archive = archive }, cancellationToken);
    }

    /// <summary>Under the acceptance lock: another copy of the point may be noted at this moment.</summary>
    private async Task ChangeAsync(TaskRow task, Func<PointManifest, PointManifest> change, CancellationToken cancellationToken)
    {
        await using var transaction = await catalog.Database.BeginTransactionAsync(cancellationToken);
        await catalog.LockAsync(AdvisoryLock.Accept, cancellationToken);
        if (await catalog.Points.SingleOrDefaultAsync(point => point.Id == task.PointId, cancellationToken) is not { Manifest.Archive: null } point)
        {
            // Deleted meanwhile, or noted before a crash.
            return;
        }

        var changed = change(point.Manifest);
        await store.ReplaceAsync(changed, signer, cancellationToken);

        // Durable: the location says so. A crash here leaves a catalog that does not know it, until this runs again.
        point.Manifest = changed;
        await catalog.SaveChangesAsync(cancellationToken);
        if (changed.Archive is not null)
        {
            await catalog.Snapshots.Where(snapshot => snapshot.PointId == point.Id).ExecuteUpdateAsync(set => set.SetProperty(snapshot => snapshot.Dropping, true), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private static PointCopy Describe(TaskRow task, string manifest) => new()
    {
        Url = new ArchiveAddress(task.Command.Archive!.Destination, task.Command.Archive.PointName + ArchiveAddress.Suffix).ToString(),
        At = task.EndedAt!.Value,
        Bytes = task.Result!.Copy!.Bytes,
        ManifestSha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(manifest))),
    };
}
