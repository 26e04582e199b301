using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Hosting.Settings;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.Workers.Repositories;

/// <summary>Opens the repository of a component: the folder of its name in the location, with its own password.</summary>
public sealed class ComponentRepositories(IOptions<LocationSettings> location, IOptionsMonitor<ComponentSettings> settings, TimeProvider clock)
{
    /// <summary>The setting that names the password's file, for messages: <c>Evidence:RepositoryPasswordFile</c>.</summary>
    public static string PasswordSetting(Component component) =>
        $"{ComponentSettings.Section(component)}:{nameof(ComponentSettings.RepositoryPasswordFile)}";

    /// <summary>Opens the repository with its index.</summary>
    /// <exception cref="Contracts.Errors.BackupException">The password file is missing or empty.</exception>
    /// <exception cref="RepositoryException">There is no repository, or the password is wrong.</exception>
    public async Task<ComponentRepository> OpenAsync(Component component, CancellationToken cancellationToken)
    {
        var password = Password(component);
        var root = ObjectStoreFactory.Open(location.Value);
        return await OpenAsync(component, root, password, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The same for a backup, of which the first one creates the repository.</summary>
    /// <exception cref="StorageException">The location is of a version that is not known, or cannot be written.</exception>
    public async Task<ComponentRepository> OpenOrCreateAsync(Component component, CancellationToken cancellationToken)
    {
        var password = Password(component);
        var root = ObjectStoreFactory.Open(location.Value);
        await LocationFile.EnsureAsync(root, cancellationToken).ConfigureAwait(false);
        try
        {
            return await OpenAsync(component, root, password, cancellationToken).ConfigureAwait(false);
        }
        catch (RepositoryException e) when (e.Failure == RepositoryFailure.NotFound)
        {
            return await CreateAsync(component, root, password, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<ComponentRepository> CreateAsync(Component component, IObjectStore root, string password, CancellationToken cancellationToken)
    {
        try
        {
            var created = await ResticRepository.InitAsync(Folder(root, component), password, Options(), cancellationToken).ConfigureAwait(false);
            return new ComponentRepository(root, created);
        }
        catch (RepositoryException e) when (e.Failure == RepositoryFailure.AlreadyExists)
        {
            // Another worker's first backup was quicker.
            return await OpenAsync(component, root, password, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<ComponentRepository> OpenAsync(Component component, IObjectStore root, string password, CancellationToken cancellationToken)
    {
        var repository = await ResticRepository.OpenAsync(Folder(root, component), password, Options(), cancellationToken).ConfigureAwait(false);
        try
        {
            await repository.LoadIndexAsync(cancellationToken).ConfigureAwait(false);
            return new ComponentRepository(root, repository);
        }
        catch
        {
            await repository.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private string Password(Component component) => SecretFile.ReadFirstLine(
        settings.Get(ComponentSettings.Section(component)).RepositoryPasswordFile, PasswordSetting(component));

    private RepositoryOptions Options() => new() { Clock = clock };

    private static PrefixStore Folder(IObjectStore root, Component component) => new(root, component.Name());
}
