using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Hosting.Settings;
using StellaOps.Backup.Portable;
using StellaOps.Backup.Portable.Reading;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Copying;
using StellaOps.Backup.Repository.Keys;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Storage.Addresses;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.Workers.Repositories;

/// <summary>Opens the repository of a component that is in charge (<see cref="LocationEpochs"/>), with its own password.</summary>
public sealed class ComponentRepositories(IOptions<LocationSettings> location, IOptionsMonitor<ComponentSettings> settings, TimeProvider clock)
{
    /// <summary>Half of the engine's: a worker runs beside what it protects, and three packs of data and two of trees are in its memory while it saves.</summary>
    private const int PackTarget = 8 << 20;

    // Whoever may read this memory may read the password files, too.
    private readonly DerivedKeys _derivedKeys = new();

    /// <summary>The setting that names the password's file, for messages: <c>Evidence:RepositoryPasswordFile</c>.</summary>
    public static string PasswordSetting(Component component) =>
        $"{ComponentSettings.Section(component)}:{nameof(ComponentSettings.RepositoryPasswordFile)}";

    /// <summary>Opens the repository that is in charge, with its index.</summary>
    /// <exception cref="Contracts.Errors.BackupException">The password file is missing or empty, or there is no location where one ought to be (<see cref="MissingLocation"/>).</exception>
    /// <exception cref="RepositoryException">There is no repository, or no line of the password file opens it.</exception>
    public Task<ComponentRepository> OpenAsync(Component component, CancellationToken cancellationToken) => OpenAsync(component, expected: true, cancellationToken);

    /// <summary>The same where there may be no location yet.</summary>
    internal async Task<ComponentRepository> OpenAsync(Component component, bool expected, CancellationToken cancellationToken)
    {
        var passwords = Passwords(component);
        var root = ObjectStoreFactory.Open(location.Value, clock);
        var epoch = await LocationEpochs.FindAsync(root, component.Name(), cancellationToken).ConfigureAwait(false);
        try
        {
            return await OpenAsync(component, root, epoch, passwords, cancellationToken).ConfigureAwait(false);
        }
        catch (RepositoryException missing) when (missing.Failure == RepositoryFailure.NotFound)
        {
            await MissingLocation.RequireAsync(root, expected, cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The same where a restore may come from an archive, which is read where it lies.</summary>
    /// <exception cref="BackupException">There is no archive, or it is not the one that the command names.</exception>
    public Task<ComponentRepository> OpenAsync(Component component, ArchiveSource? source, CancellationToken cancellationToken) =>
        source is null ? OpenAsync(component, cancellationToken) : OpenArchivedAsync(component, source, cancellationToken);

    /// <summary>Opens the repository that is in charge, and its second place in a secondary location, which is made where there is none.</summary>
    /// <exception cref="RepositoryException">As of <see cref="OpenAsync(Component, CancellationToken)"/>; <see cref="RepositoryFailure.Refused"/>: there is another one there.</exception>
    /// <exception cref="BackupException">Under the address is not the location that the coordinator means.</exception>
    internal async Task<ComponentReplica> OpenReplicaAsync(Component component, LocationSettings secondary, string? locationId, CancellationToken cancellationToken)
    {
        var here = await OpenAsync(component, cancellationToken).ConfigureAwait(false);
        var root = ObjectStoreFactory.Open(secondary, clock);
        try
        {
            await MissingLocation.RequireSecondaryAsync(root, locationId, cancellationToken).ConfigureAwait(false);
            var epoch = await LocationEpochs.FindAsync(here.Location, component.Name(), cancellationToken).ConfigureAwait(false);
            if (LocationEpochs.Folder(component.Name(), epoch) != here.Folder)
            {
                throw Superseded(component, epoch);
            }

            var there = await RepositoryReplica.OpenAsync(here.Repository, new PrefixStore(root, here.Folder), ReplicaOptions(secondary), cancellationToken).ConfigureAwait(false);
            return new ComponentReplica(component, epoch, here, new ComponentRepository(root, here.Folder, there));
        }
        catch
        {
            await root.DisposeAsync().ConfigureAwait(false);
            await here.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<ComponentRepository> OpenArchivedAsync(Component component, ArchiveSource source, CancellationToken cancellationToken)
    {
        var passwords = Passwords(component);
        var address = ArchiveAddress.Parse(source.Url);
        var archive = await ArchiveOpening.OpenAsync(ObjectStoreFactory.Open(location.Value.ForArchives(address.Place), clock), address.Key, cancellationToken).ConfigureAwait(false);
        return archive.ManifestSha256 == source.ManifestSha256
            ? await OpenAsync(archive, component.Name(), new RepositoryOptions { Clock = clock, DerivedKeys = _derivedKeys }, passwords, cancellationToken).ConfigureAwait(false)
            : throw new BackupException(ErrorCodes.OperationConflict, $"{archive.Description} was replaced by another archive since the restore was asked for", "Run the command again.");
    }

    /// <summary>The same for a backup, of which the first one creates the repository.</summary>
    /// <param name="component">Whose repository.</param>
    /// <param name="expected">There is a location: where it is missing, none is made.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BackupException">As of <see cref="MissingLocation"/>.</exception>
    /// <exception cref="StorageException">The location is of a version that is not known, or cannot be written.</exception>
    public async Task<ComponentRepository> OpenOrCreateAsync(Component component, bool expected, CancellationToken cancellationToken)
    {
        var passwords = Passwords(component);
        var root = ObjectStoreFactory.Open(location.Value, clock);
        await MissingLocation.RequireOrMakeAsync(root, expected, cancellationToken).ConfigureAwait(false);
        var epoch = await LocationEpochs.FindAsync(root, component.Name(), cancellationToken).ConfigureAwait(false);
        try
        {
            return await OpenAsync(component, root, epoch, passwords, cancellationToken).ConfigureAwait(false);
        }
        catch (RepositoryException e) when (e.Failure == RepositoryFailure.NotFound && epoch == LocationEpochs.First)
        {
            return await CreateAsync(component, root, passwords, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<ComponentRepository> CreateAsync(Component component, IObjectStore root, IReadOnlyList<string> passwords, CancellationToken cancellationToken)
    {
        try
        {
            var created = await ResticRepository.InitAsync(
                Folder(root, component, LocationEpochs.First), passwords[0], Options(root, component, LocationEpochs.First), cancellationToken).ConfigureAwait(false);
            return new ComponentRepository(root, LocationEpochs.Folder(component.Name(), LocationEpochs.First), created);
        }
        catch (RepositoryException e) when (e.Failure == RepositoryFailure.AlreadyExists)
        {
            // Another worker's first backup was quicker.
            return await OpenAsync(component, root, LocationEpochs.First, passwords, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<ComponentRepository> OpenAsync(
        Component component, IObjectStore root, int epoch, IReadOnlyList<string> passwords, CancellationToken cancellationToken) =>
        await OpenAsync(root, LocationEpochs.Folder(component.Name(), epoch), Options(root, component, epoch), passwords, cancellationToken).ConfigureAwait(false);

    private static async Task<ComponentRepository> OpenAsync(
        IObjectStore root, string folder, RepositoryOptions options, IReadOnlyList<string> passwords, CancellationToken cancellationToken)
    {
        var repository = await OpenAsync(new PrefixStore(root, folder), options, passwords, cancellationToken).ConfigureAwait(false);
        try
        {
            await repository.LoadIndexAsync(cancellationToken).ConfigureAwait(false);
            return new ComponentRepository(root, folder, repository);
        }
        catch
        {
            await repository.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>While a password is being replaced its file holds the old one and the new one.</summary>
    private static async Task<ResticRepository> OpenAsync(PrefixStore store, RepositoryOptions options, IReadOnlyList<string> passwords, CancellationToken cancellationToken)
    {
        foreach (var password in passwords.SkipLast(1))
        {
            try
            {
                return await ResticRepository.OpenAsync(store, password, options, cancellationToken).ConfigureAwait(false);
            }
            catch (RepositoryException e) when (e.Failure == RepositoryFailure.WrongPassword)
            {
            }
        }

        return await ResticRepository.OpenAsync(store, passwords[^1], options, cancellationToken).ConfigureAwait(false);
    }

    private IReadOnlyList<string> Passwords(Component component) => SecretFile.ReadLines(
        settings.Get(ComponentSettings.Section(component)).RepositoryPasswordFile, PasswordSetting(component));

    private RepositoryOptions Options(IObjectStore root, Component component, int epoch) => new()
    {
        Clock = clock,
        PackTarget = PackTarget,
        DerivedKeys = _derivedKeys,
        WriteBytesPerSecond = location.Value.UploadBytesPerSecond,
        CacheDirectory = LocationAddress.Parse(location.Value.Url) is LocalAddress ? null : RepositoryOptions.UsualCacheDirectory,
        OnLocked = cancellationToken => ThrowIfSupersededAsync(root, component, epoch, cancellationToken),
    };

    /// <summary>A cache of its own: both places have one id, and not the same index files. Who prunes there by hand is waited for.</summary>
    private RepositoryOptions ReplicaOptions(LocationSettings secondary) => new()
    {
        Clock = clock,
        PackTarget = PackTarget,
        DerivedKeys = _derivedKeys,
        WriteBytesPerSecond = secondary.UploadBytesPerSecond,
        CacheDirectory = LocationAddress.Parse(secondary.Url) is LocalAddress || RepositoryOptions.UsualCacheDirectory is not { } usual ? null : Path.Combine(usual, "secondary"),
        LockWait = TimeSpan.FromMinutes(2),
    };

    /// <summary>
    /// A rotation puts the next epoch in charge under an exclusive lock: who opened the old one before that and has its lock only now would save
    /// into a repository that nobody looks at any more.
    /// </summary>
    private static async Task ThrowIfSupersededAsync(IObjectStore root, Component component, int epoch, CancellationToken cancellationToken)
    {
        var current = await LocationEpochs.FindAsync(root, component.Name(), cancellationToken).ConfigureAwait(false);
        if (current != epoch)
        {
            throw Superseded(component, current);
        }
    }

    private static RepositoryException Superseded(Component component, int epoch) =>
        new(RepositoryFailure.Superseded, $"the repository of {component.Name()} was replaced by that of epoch {epoch} since it was opened");

    private static PrefixStore Folder(IObjectStore root, Component component, int epoch) => new(root, LocationEpochs.Folder(component.Name(), epoch));
}
