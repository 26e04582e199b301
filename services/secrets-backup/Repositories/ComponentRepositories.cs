using StellaOps.Backup.Contracts;
using StellaOps.Backup.Hosting.Settings;
using StellaOps.Backup.Repository;
using StellaOps.Backup.SecretsBackup.Settings;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Workers.Settings;

namespace StellaOps.Backup.SecretsBackup.Repositories;

/// <summary>The restic repository of a component in the location.</summary>
internal sealed class ComponentRepositories(
    Component component, SecretsSettings settings, LocationSettings location, RepositoryOptions options)
{
    /// <summary>Opens it, index loaded. The first backup of a component creates it.</summary>
    public async Task<ResticRepository> OpenOrInitAsync(CancellationToken cancellationToken)
    {
        var root = ObjectStoreFactory.Open(location.Url);
        await LocationFile.EnsureAsync(root, cancellationToken);
        try
        {
            return await OpenAsync(root, cancellationToken);
        }
        catch (RepositoryException missing) when (missing.Failure == RepositoryFailure.NotFound)
        {
            return await ResticRepository.InitAsync(Folder(root), Password(), options, cancellationToken);
        }
    }

    /// <summary>Opens it, index loaded.</summary>
    public Task<ResticRepository> OpenAsync(CancellationToken cancellationToken) =>
        OpenAsync(ObjectStoreFactory.Open(location.Url), cancellationToken);

    private async Task<ResticRepository> OpenAsync(IObjectStore root, CancellationToken cancellationToken)
    {
        var repository = await ResticRepository.OpenAsync(Folder(root), Password(), options, cancellationToken);
        await repository.LoadIndexAsync(cancellationToken);
        return repository;
    }

    private PrefixStore Folder(IObjectStore root) => new(root, component.Name());

    private string Password() =>
        SecretFile.ReadFirstLine(settings.RepositoryPasswordFile, $"{ComponentSettings.Section(component)}:RepositoryPasswordFile");
}
