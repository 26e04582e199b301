using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Config;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Copying;

/// <summary>
/// A second place of a repository: the same id, master key and passwords, with packs of its own. Whoever opens one opens the other, and a snapshot has
/// one id in both.
/// </summary>
public static class RepositoryReplica
{
    private const int LargestConfig = 64 << 10, LargestKey = 64 << 10;

    /// <summary>
    /// Opens it, or makes it where there is none. Its passwords become those that the repository has now. Its index is not loaded yet.
    /// </summary>
    /// <param name="repository">The repository, opened by its password.</param>
    /// <param name="store">The second place.</param>
    /// <param name="options">For it.</param>
    /// <param name="cancellationToken">Gives up; run it again to go on.</param>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Refused"/>: another repository is there.</exception>
    public static async Task<ResticRepository> OpenAsync(
        ResticRepository repository, IObjectStore store, RepositoryOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(repository);
        ArgumentNullException.ThrowIfNull(store);
        var config = await FindConfigAsync(store, cancellationToken).ConfigureAwait(false);
        if (config is not null && RepositoryConfig.TryOpen(repository.Parts.Sealer, config)?.Id != repository.Id)
        {
            throw new RepositoryException(
                RepositoryFailure.Refused, $"{store.Description} is another repository than {repository.Store.Description}: give the secondary location an empty place");
        }

        await AddKeysAsync(repository.Store, store, cancellationToken).ConfigureAwait(false);
        if (config is null)
        {
            // Durable before: every key. The config is the moment at which the repository exists in this place.
            await repository.Store.CopyToAsync(RepositoryFile.Config, store, PutMode.Replace, cancellationToken).ConfigureAwait(false);
        }

        await RemoveKeysAsync(repository.Store, store, cancellationToken).ConfigureAwait(false);
        return repository.At(store, options);
    }

    private static async Task<byte[]?> FindConfigAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        try
        {
            return await store.ReadAllAsync(RepositoryFile.Config, LargestConfig, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException none) when (none.Failure == StorageFailure.NotFound)
        {
            return null;
        }
    }

    private static async Task AddKeysAsync(IObjectStore from, IObjectStore to, CancellationToken cancellationToken)
    {
        var present = await KeysAsync(to, cancellationToken).ConfigureAwait(false);
        foreach (var id in (await KeysAsync(from, cancellationToken).ConfigureAwait(false)).Except(present))
        {
            var key = RepositoryFile.Key(FileKind.Key, id);
            var content = await from.ReadAllAsync(key, LargestKey, cancellationToken).ConfigureAwait(false);
            if (BlobId.Of(content) == id)
            {
                await to.PutAsync(key, content, PutMode.Replace, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A password that was taken back opens nothing any more, there neither. The one that opened the repository is among those that stay.</summary>
    private static async Task RemoveKeysAsync(IObjectStore from, IObjectStore to, CancellationToken cancellationToken)
    {
        var valid = await KeysAsync(from, cancellationToken).ConfigureAwait(false);
        foreach (var id in valid.Count == 0 ? [] : (await KeysAsync(to, cancellationToken).ConfigureAwait(false)).Except(valid))
        {
            await to.DeleteAsync(RepositoryFile.Key(FileKind.Key, id), cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<HashSet<BlobId>> KeysAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        var keys = new HashSet<BlobId>();
        await foreach (var found in store.ListAsync(RepositoryFile.Folder(FileKind.Key), cancellationToken).ConfigureAwait(false))
        {
            if (RepositoryFile.TryParse(FileKind.Key, found.Key, out var id))
            {
                keys.Add(id);
            }
        }

        return keys;
    }
}
