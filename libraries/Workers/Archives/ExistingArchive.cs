using System.Text;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Portable.Reading;
using StellaOps.Backup.Portable.Writing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Workers.Archives;

/// <summary>
/// What has the name of an archive already. It is taken where it brings back the same in the same way, and replaced where it holds less or is damaged. What it alone
/// may hold is never replaced, and neither is another point's archive, or what is none: it may be somebody's own file.
/// </summary>
internal static class ExistingArchive
{
    /// <returns>The archive that need not be written, if it can be read whole; null where one is to be written.</returns>
    /// <exception cref="BackupException"><see cref="ErrorCodes.DuplicateName"/>: what is there stays.</exception>
    public static async Task<ArchiveStore?> FindAsync(IObjectStore place, string key, ArchivePlan plan, ArchiveSpec spec, CancellationToken cancellationToken)
    {
        try
        {
            var found = await ArchiveOpening.OpenAsync(place, key, cancellationToken).ConfigureAwait(false);
            if (found.Manifest.PointId != plan.Manifest.PointId)
            {
                throw Taken(found, $"is the archive of another recovery point of that name, taken {found.Manifest.PointStartedAt:yyyy-MM-dd HH:mm} UTC");
            }

            // Of an earlier attempt, or of another operation.
            return found.ManifestSha256 == plan.ManifestSha256
                ? found
                : Choose(found, await ArchiveComparison.CompareAsync(found, plan, path => Content(spec, path), cancellationToken).ConfigureAwait(false), spec.KeepsExisting);
        }
        catch (BackupException exception) when (exception.Error == ErrorCodes.ArchiveNotFound)
        {
            return null;
        }
        catch (BackupException exception) when (exception.Error == ErrorCodes.Damaged)
        {
            // A damaged one of this very point is written anew.
            var claimed = await ArchiveOpening.FindManifestAsync(place, key, cancellationToken).ConfigureAwait(false);
            return claimed?.Manifest.PointId == plan.Manifest.PointId ? null : throw new BackupException(
                ErrorCodes.DuplicateName, $"a file of that name is there already, and is no archive of this point: {exception.Message}", "Copy to another destination, or move that file away.", exception);
        }
    }

    /// <summary>Removes an archive that was written and is damaged, unless another one has its name by now: that may be whole, and the only one.</summary>
    /// <exception cref="BackupException"><see cref="ErrorCodes.OperationConflict"/>: another one has it, and stays.</exception>
    public static async Task RemoveOwnAsync(IObjectStore place, string key, ArchivePlan plan, CancellationToken cancellationToken)
    {
        if (await ArchiveOpening.FindManifestAsync(place, key, cancellationToken).ConfigureAwait(false) is not { } claimed)
        {
            return; // Nothing that says what it is: the next attempt refuses to replace it, and names it.
        }

        if (claimed.Sha256 != plan.ManifestSha256)
        {
            throw Replaced(place, key);
        }

        await place.DeleteAsync(key, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Another copy wrote the same archive meanwhile.</summary>
    public static BackupException Replaced(IObjectStore place, string key) =>
        new(ErrorCodes.OperationConflict, $"{place.Description.TrimEnd('/')}/{key} was replaced by another copy while this one was at work");

    private static ArchiveStore? Choose(ArchiveStore found, ArchiveComparison held, bool keepsExisting)
    {
        if (keepsExisting)
        {
            return !held.Same ? throw Taken(found, "is an archive of this recovery point from when it held something else")
                : held.OpensAlike ? found
                : throw Taken(found, "is an archive of this recovery point from before its repositories got other passwords, and opens with the former ones only");
        }

        if (held.Only.Count > 0)
        {
            throw Taken(found, $"holds what this recovery point has not any more ({string.Join(", ", held.Only)}), and may be all that does");
        }

        return held is { Same: true, OpensAlike: true, SignedAlike: true } ? found : null;
    }

    private static byte[] Content(ArchiveSpec spec, string path) => Encoding.UTF8.GetBytes(spec.Files.Single(file => file.Path == path).Content);

    private static BackupException Taken(ArchiveStore found, string what) => new(ErrorCodes.DuplicateName, $"{found.Description} {what}", "Name another destination, or move that archive away.");
}
