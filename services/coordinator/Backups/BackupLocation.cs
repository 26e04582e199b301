using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Backups;

/// <summary>
/// Which location a backup goes to. Its manifest belongs beside its snapshots: in another one, which was put in the place of the location meanwhile, it would list a point
/// without data.
/// </summary>
internal sealed class BackupLocation(IObjectStore location, [FromKeyedServices(LocationPatience.UnderLock)] IObjectStore prompt)
{
    /// <summary>Identity of the location now; null where the place is none yet, or does not answer, of which the workers will hear, too: then nothing is compared.</summary>
    public async Task<string?> FindAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await LocationFile.FindAsync(prompt, cancellationToken))?.Id;
        }
        catch (StorageException)
        {
            return null;
        }
    }

    /// <returns>Why the manifest must not be written; null where the location is that of the acceptance, or that one is not known.</returns>
    /// <exception cref="BackupException">The location failed, or is none at this moment.</exception>
    public async Task<ErrorInfo?> RefusalAsync(Operation backup, CancellationToken cancellationToken)
    {
        if (backup.Request.LocationId is not { } wanted)
        {
            return null;
        }

        var found = await ReadAsync(cancellationToken);
        return found == wanted ? null : new BackupException(
            ErrorCodes.StorageUnavailable,
            $"'{backup.PointName}' was saved into location {wanted}, and {location.Description} is location {found}: the point is listed in neither",
            "Take another backup: stella backup create. In its own location this one's snapshots are not listed, and harm nothing.").ToInfo();
    }

    private async Task<string> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await LocationFile.FindAsync(location, cancellationToken))?.Id ?? throw new BackupException(
                ErrorCodes.StorageUnavailable, $"{location.Description} was a location, and is none now: it has no {LocationFile.Key}", string.Join(' ', LocationFile.Remedy));
        }
        catch (StorageException failure)
        {
            throw failure.ToBackupException("the location cannot be read");
        }
    }
}
