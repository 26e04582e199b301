using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Config;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Keys;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository;

/// <summary>
/// From a password to the master key. Init writes a key file, then the config, which is the moment at which the repository exists:
/// an init that was interrupted between the two is finished by the next one, with the key that it finds.
/// </summary>
internal static class RepositoryOpening
{
    private const int LargestConfig = 64 << 10;
    private static readonly FileKind[] Data = [FileKind.Snapshot, FileKind.Index, FileKind.Pack];

    internal static async Task<(MasterKey Master, BlobId KeyFile, RepositoryConfig Config)> InitAsync(
        IObjectStore store, string password, RepositoryOptions options, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(RepositoryFile.Config, cancellationToken).ConfigureAwait(false) is not null)
        {
            throw AlreadyExists(store, inner: null);
        }

        if (await HasDataAsync(store, cancellationToken).ConfigureAwait(false))
        {
            throw ConfigMissing(store);
        }

        var keys = new RepositoryKeys(store, options.DerivedKeys);
        var found = await FindMasterAsync(keys, password, cancellationToken).ConfigureAwait(false);
        var isNew = found is null;
        var master = found?.Master ?? MasterKey.Create();
        var key = found?.File ?? await keys.AddAsync(master, password, options, cancellationToken).ConfigureAwait(false);

        var config = RepositoryConfig.Create(options.ChunkerPolynomial);
        using var sealer = new UnitSealer(master);
        try
        {
            await store.PutAsync(RepositoryFile.Config, config.Seal(sealer), PutMode.Create, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.AlreadyExists)
        {
            if (isNew)
            {
                await keys.RemoveAsync(key, cancellationToken).ConfigureAwait(false); // Another init won with its own key.
            }

            throw AlreadyExists(store, exception);
        }

        return (master.Copy(), key, config);
    }

    internal static async Task<(MasterKey Master, BlobId KeyFile, RepositoryConfig Config)> OpenAsync(
        IObjectStore store, string password, RepositoryOptions options, CancellationToken cancellationToken)
    {
        var sealedConfig = await LoadConfigAsync(store, cancellationToken).ConfigureAwait(false);
        var unusable = new List<RepositoryException>();
        var opened = false;
        await foreach (var (key, master) in new RepositoryKeys(store, options.DerivedKeys).OpenAsync(password, unusable, cancellationToken).ConfigureAwait(false))
        {
            opened = true;
            using var sealer = new UnitSealer(master);
            if (RepositoryConfig.TryOpen(sealer, sealedConfig) is { } config)
            {
                return (master.Copy(), key, config);
            }
        }

        if (opened)
        {
            throw new RepositoryException(RepositoryFailure.Damaged, $"config is damaged: its authentication code is wrong ({store.Description})");
        }

        // A damaged key file may be the very one that the password belongs to.
        throw unusable.Count > 0
            ? unusable[0]
            : new RepositoryException(RepositoryFailure.WrongPassword, $"the password opens no key of the repository {store.Description}");
    }

    private static async Task<byte[]> LoadConfigAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        try
        {
            return await store.ReadAllAsync(RepositoryFile.Config, LargestConfig, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            throw await HasDataAsync(store, cancellationToken).ConfigureAwait(false)
                ? ConfigMissing(store)
                : new RepositoryException(RepositoryFailure.NotFound, $"there is no repository at {store.Description}", exception);
        }
    }

    private static async Task<(BlobId File, MasterKey Master)?> FindMasterAsync(RepositoryKeys keys, string password, CancellationToken cancellationToken)
    {
        await foreach (var found in keys.OpenAsync(password, [], cancellationToken).ConfigureAwait(false))
        {
            return found;
        }

        return null;
    }

    private static async Task<bool> HasDataAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        foreach (var kind in Data)
        {
            await foreach (var found in store.ListAsync(RepositoryFile.Folder(kind), cancellationToken).ConfigureAwait(false))
            {
                if (RepositoryFile.TryParse(kind, found.Key, out _))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static RepositoryException AlreadyExists(IObjectStore store, Exception? inner) =>
        new(RepositoryFailure.AlreadyExists, $"there is a repository at {store.Description}", inner);

    private static RepositoryException ConfigMissing(IObjectStore store) =>
        new(RepositoryFailure.Damaged, $"config is missing: {store.Description} holds the data of a repository without it");
}
