using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Portable;
using StellaOps.Backup.Portable.Reading;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Workers.Archives;

/// <summary>The archive of the newest full point of a place, under the name that always leads to it.</summary>
internal static class LatestArchive
{
    /// <summary>
    /// Gives an archive of a full point the name of the latest one, unless that is of a newer point, or no archive: it may be somebody's own file. Of two copies that
    /// look at the same time, the older point could come last: <c>Turns</c> of the coordinator keeps them apart.
    /// </summary>
    /// <param name="place">Where both are.</param>
    /// <param name="key">Its own name.</param>
    /// <param name="archive">It, read back.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What became of it, for a human.</returns>
    public static async Task<string> BecomeAsync(IObjectStore place, string key, ArchiveStore archive, CancellationToken cancellationToken)
    {
        try
        {
            var latest = await ArchiveOpening.OpenAsync(place, ArchiveAddress.LatestFull, cancellationToken).ConfigureAwait(false);
            if (latest.Manifest.PointStartedAt > archive.Manifest.PointStartedAt)
            {
                return $"{ArchiveAddress.LatestFull} stays: it holds '{latest.Manifest.PointName}', which is newer";
            }
        }
        catch (BackupException exception) when (exception.Error == ErrorCodes.ArchiveNotFound)
        {
            // The first one here.
        }
        catch (BackupException exception) when (exception.Error == ErrorCodes.Damaged)
        {
            if (await ArchiveOpening.FindManifestAsync(place, ArchiveAddress.LatestFull, cancellationToken).ConfigureAwait(false) is null)
            {
                return $"{ArchiveAddress.LatestFull} stays, and is not this archive: {exception.Message}. Move that file away, and copy once more";
            }
        }

        // Also where it has that name already: only this archive was read back, and a place may hold the other one's bytes apart.
        await place.CopyAsync(key, ArchiveAddress.LatestFull, cancellationToken).ConfigureAwait(false);
        return $"{ArchiveAddress.LatestFull} is this archive now";
    }
}
