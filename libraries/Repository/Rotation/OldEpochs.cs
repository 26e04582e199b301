using StellaOps.Backup.Repository.Copying;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Rotation;

/// <summary>Removes epochs that are not in charge any more.</summary>
/// <param name="location">Root of the location.</param>
/// <param name="component">Name of the component.</param>
/// <param name="options">For the repositories.</param>
public sealed class OldEpochs(IObjectStore location, string component, RepositoryOptions options)
{
    // Snapshots first: a repository without them needs nothing else. Then its config, without which nothing is in the way of removing the keys.
    private static readonly FileKind[] Data = [FileKind.Snapshot, FileKind.Forgotten, FileKind.Index, FileKind.Pending, FileKind.Pack];

    private readonly RepositoryOptions _options = options with { OnLocked = null };

    /// <summary>Folders of earlier epochs that are still there.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken = default)
    {
        var epoch = await LocationEpochs.FindAsync(location, component, cancellationToken).ConfigureAwait(false);
        var folders = new List<string>();
        for (var earlier = LocationEpochs.First; earlier < epoch; earlier++)
        {
            if (await Store(earlier).FindAsync(RepositoryFile.Config, cancellationToken).ConfigureAwait(false) is not null)
            {
                folders.Add(LocationEpochs.Folder(component, earlier));
            }
        }

        return folders;
    }

    /// <summary>
    /// Removes the newest of the epochs before the one in charge, after everything that it holds was found in, or copied to, the latter. For good: when none is left,
    /// whoever still has an old password has nothing to open in this location.
    /// </summary>
    /// <param name="password">Opens the epoch in charge.</param>
    /// <param name="oldPassword">Opens the one to remove.</param>
    /// <param name="grace">How long the epoch in charge must have been in charge.</param>
    /// <param name="cancellationToken">Stops between two objects; run it again to go on.</param>
    /// <returns>The folder; null when there is none to remove.</returns>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Refused"/> before the grace is over; <see cref="RepositoryFailure.Damaged"/>; <see cref="RepositoryFailure.Locked"/>.</exception>
    public async Task<string?> RemoveAsync(string password, string oldPassword, TimeSpan grace, CancellationToken cancellationToken = default)
    {
        var epoch = await LocationEpochs.FindAsync(location, component, cancellationToken).ConfigureAwait(false);
        if (await FindNewestAsync(epoch, cancellationToken).ConfigureAwait(false) is not { } earlier)
        {
            return null;
        }

        await ThrowIfTooEarlyAsync(epoch, grace, cancellationToken).ConfigureAwait(false);
        var old = await ResticRepository.OpenAsync(Store(earlier), oldPassword, _options, cancellationToken).ConfigureAwait(false);
        await using (old.ConfigureAwait(false))
        {
            var held = await old.LockAsync(LockKind.Exclusive, cancellationToken).ConfigureAwait(false);
            await using (held.ConfigureAwait(false))
            {
                await CopyRestAsync(old, epoch, password, held.Lost, cancellationToken).ConfigureAwait(false);
                await DeleteAllAsync(old, cancellationToken).ConfigureAwait(false);
            }
        }

        return LocationEpochs.Folder(component, earlier);
    }

    /// <summary>More than one is there when the password was rotated again before the old epoch was removed.</summary>
    private async Task<int?> FindNewestAsync(int epoch, CancellationToken cancellationToken)
    {
        for (var earlier = epoch - 1; earlier >= LocationEpochs.First; earlier--)
        {
            if (await Store(earlier).FindAsync(RepositoryFile.Config, cancellationToken).ConfigureAwait(false) is not null)
            {
                return earlier;
            }

            // A run that was killed at its very end leaves keys to nothing.
            await DeleteAsync(Store(earlier), FileKind.Key, cancellationToken).ConfigureAwait(false);
        }

        return null;
    }

    private async Task ThrowIfTooEarlyAsync(int epoch, TimeSpan grace, CancellationToken cancellationToken)
    {
        var since = await LocationEpochs.FindStartAsync(location, component, epoch, cancellationToken).ConfigureAwait(false) ?? options.Clock.GetUtcNow();
        if (options.Clock.GetUtcNow() - since < grace)
        {
            throw new RepositoryException(RepositoryFailure.Refused, $"epoch {epoch} of {component} is in charge since {since:u}; the one before it may be removed from {since + grace:u} on");
        }
    }

    private async Task CopyRestAsync(ResticRepository old, int epoch, string password, CancellationToken lost, CancellationToken cancellationToken)
    {
        var current = await ResticRepository.OpenAsync(Store(epoch), password, _options, cancellationToken).ConfigureAwait(false);
        await using (current.ConfigureAwait(false))
        {
            var report = await new RepositoryCopy(old, current).RunUnderLockAsync(new CopyRequest { Forgotten = ForgottenRule.Present }, lost, cancellationToken).ConfigureAwait(false);
            if (report.Failed is [var failed, ..])
            {
                throw new RepositoryException(RepositoryFailure.Damaged, $"nothing was removed: snapshot {failed.Source} is in no other epoch, and damaged: {failed.Reason}");
            }
        }
    }

    private static async Task DeleteAllAsync(ResticRepository old, CancellationToken cancellationToken)
    {
        foreach (var kind in Data)
        {
            await DeleteAsync(old.Store, kind, cancellationToken).ConfigureAwait(false);
        }

        await old.Store.DeleteAsync(RepositoryFile.Config, cancellationToken).ConfigureAwait(false);
        await DeleteAsync(old.Store, FileKind.Key, cancellationToken).ConfigureAwait(false);
    }

    private static async Task DeleteAsync(IObjectStore store, FileKind kind, CancellationToken cancellationToken)
    {
        foreach (var found in await store.ListAsync(RepositoryFile.Folder(kind), cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false))
        {
            await store.DeleteAsync(found.Key, cancellationToken).ConfigureAwait(false);
        }
    }

    private PrefixStore Store(int epoch) => new(location, LocationEpochs.Folder(component, epoch));
}
