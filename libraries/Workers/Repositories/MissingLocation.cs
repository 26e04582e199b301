using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Workers.Repositories;

/// <summary>
/// A place that ought to be a location and is empty: a disk that is not mounted, or a wrong address. What was saved there now would be nowhere when the right one is
/// back, so nobody makes it a location without being told.
/// </summary>
public static class MissingLocation
{
    /// <summary>Sees that there is a location, or makes it one.</summary>
    /// <param name="root">The place.</param>
    /// <param name="expected">It ought to be one: then none is made.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BackupException">As of <see cref="RequireAsync"/>.</exception>
    /// <exception cref="StorageException">It is of a version that is not known, or cannot be read or written.</exception>
    public static async Task RequireOrMakeAsync(IObjectStore root, bool expected, CancellationToken cancellationToken)
    {
        await RequireAsync(root, expected, cancellationToken).ConfigureAwait(false);
        if (!expected)
        {
            await LocationFile.EnsureAsync(root, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Sees that a place is the secondary location: each host has mounts of its own, and what is copied into another place is not where the coordinator believes it to be.</summary>
    /// <param name="root">The place.</param>
    /// <param name="id">Identity of the secondary location; null where the coordinator does not say it: then it is made where there is none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BackupException"><c>storage.unavailable</c>: it is another place.</exception>
    /// <exception cref="StorageException">It is of a version that is not known, or cannot be read or written.</exception>
    internal static async Task RequireSecondaryAsync(IObjectStore root, string? id, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(root);
        var found = id is null ? await LocationFile.EnsureAsync(root, cancellationToken).ConfigureAwait(false) : await LocationFile.FindAsync(root, cancellationToken).ConfigureAwait(false);
        if (id is not null && found?.Id != id)
        {
            throw new BackupException(
                ErrorCodes.StorageUnavailable,
                $"{root.Description} on host {Environment.MachineName} is not the secondary location {id}: {(found is null ? $"it has no {LocationFile.Key}" : $"it is location {found.Id}")}",
                "Mount the secondary location on the host of every worker, as on that of the coordinator.");
        }
    }

    /// <exception cref="BackupException"><c>storage.unavailable</c>: it is empty, and ought to be a location.</exception>
    /// <exception cref="StorageException">It is of a version that is not known, or cannot be read.</exception>
    internal static async Task RequireAsync(IObjectStore root, bool expected, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(root);
        if (await LocationFile.FindAsync(root, cancellationToken).ConfigureAwait(false) is null && expected)
        {
            throw new BackupException(ErrorCodes.StorageUnavailable, $"{root.Description} was a location, and is none now: it has no {LocationFile.Key}", string.Join(' ', LocationFile.Remedy));
        }
    }
}
