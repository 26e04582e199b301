using StellaOps.Backup.Repository.Copying;
using StellaOps.Backup.Repository.Locks;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Rotation;

/// <summary>
/// Gives a component of a location a new master key: everything is copied into a new repository beside the old one while backups go on, the last
/// rest under an exclusive lock, and then the new epoch is put in charge in one durable step. Killed before that step, the old epoch is in charge,
/// after it the new one, never both; running it again finishes.
/// </summary>
/// <param name="location">Root of the location.</param>
/// <param name="component">Name of the component: its folder in the first epoch.</param>
/// <param name="options">For both repositories. <see cref="RepositoryOptions.LockWait"/> is how long a running backup is waited for.</param>
public sealed class KeyRotation(IObjectStore location, string component, RepositoryOptions options)
{
    // The cuts of a new repository are its own: they are part of what a stolen key gives away. What is unchanged keeps its blobs.
    private readonly RepositoryOptions _options = options with { ChunkerPolynomial = null, OnLocked = null };

    /// <summary>Rotates, or finishes a rotation that was interrupted.</summary>
    /// <exception cref="RepositoryException">
    /// <see cref="RepositoryFailure.Refused"/>: the passwords are equal, or the old one opens the new epoch. <see cref="RepositoryFailure.Damaged"/>: repair first;
    /// the old epoch stays in charge. <see cref="RepositoryFailure.Locked"/>, <see cref="RepositoryFailure.WrongPassword"/>.
    /// </exception>
    public async Task<RotationReport> RunAsync(RotationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Password == request.NewPassword)
        {
            throw new RepositoryException(RepositoryFailure.Refused, "the new password is the old one: who knows it could read the new epoch");
        }

        var epoch = await LocationEpochs.FindAsync(location, component, cancellationToken).ConfigureAwait(false);
        if (epoch > LocationEpochs.First && await OpensAsync(epoch, request.NewPassword, request.Password, cancellationToken).ConfigureAwait(false))
        {
            return await FinishAsync(epoch, request, cancellationToken).ConfigureAwait(false);
        }

        var old = await ResticRepository.OpenAsync(Store(epoch), request.Password, _options, cancellationToken).ConfigureAwait(false);
        await using (old.ConfigureAwait(false))
        {
            var next = await OpenOrInitAsync(epoch + 1, request, cancellationToken).ConfigureAwait(false);
            await using (next.ConfigureAwait(false))
            {
                return await new RotationRun(location, component, epoch + 1, old, next, request).RunAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>An earlier run put the epoch in charge; it may have died before it looked once more for what the old one got meanwhile.</summary>
    private async Task<RotationReport> FinishAsync(int epoch, RotationRequest request, CancellationToken cancellationToken)
    {
        var next = await ResticRepository.OpenAsync(Store(epoch), request.NewPassword, _options, cancellationToken).ConfigureAwait(false);
        await using (next.ConfigureAwait(false))
        {
            if (await Store(epoch - 1).FindAsync(Unpacked.RepositoryFile.Config, cancellationToken).ConfigureAwait(false) is null)
            {
                return await RotationRun.ReportAsync(next, component, epoch, rounds: 0, wasInCharge: true, default, cancellationToken).ConfigureAwait(false);
            }

            var old = await ResticRepository.OpenAsync(Store(epoch - 1), request.Password, _options, cancellationToken).ConfigureAwait(false);
            await using (old.ConfigureAwait(false))
            {
                return await new RotationRun(location, component, epoch, old, next, request).FinishAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<ResticRepository> OpenOrInitAsync(int epoch, RotationRequest request, CancellationToken cancellationToken)
    {
        if (await Store(epoch).FindAsync(Unpacked.RepositoryFile.Config, cancellationToken).ConfigureAwait(false) is null)
        {
            return await ResticRepository.InitAsync(Store(epoch), request.NewPassword, _options, cancellationToken).ConfigureAwait(false);
        }

        // Left by a run that was interrupted, or made by someone who thought of both passwords.
        return await OpensAsync(epoch, request.Password, butNot: null, cancellationToken).ConfigureAwait(false)
            ? throw new RepositoryException(RepositoryFailure.Refused, $"the old password opens {Store(epoch).Description}: remove that repository, and rotate again")
            : await ResticRepository.OpenAsync(Store(epoch), request.NewPassword, _options, cancellationToken).ConfigureAwait(false);
    }

    private async Task<bool> OpensAsync(int epoch, string password, string? butNot, CancellationToken cancellationToken)
    {
        try
        {
            await (await ResticRepository.OpenAsync(Store(epoch), password, _options, cancellationToken).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.WrongPassword)
        {
            return false;
        }

        return butNot is null || !await OpensAsync(epoch, butNot, butNot: null, cancellationToken).ConfigureAwait(false);
    }

    private PrefixStore Store(int epoch) => new(location, LocationEpochs.Folder(component, epoch));
}
