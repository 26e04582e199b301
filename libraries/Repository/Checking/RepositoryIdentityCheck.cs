using StellaOps.Backup.Repository.Config;
using StellaOps.Backup.Repository.Keys;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Checking;

/// <summary>Config and key files: what opens the repository. Without them no snapshot can be read, though none of its data is lost.</summary>
internal sealed class RepositoryIdentityCheck(RepositoryParts parts, Action<Finding> found)
{
    private const int LargestConfig = 64 << 10;

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        await CheckConfigAsync(cancellationToken).ConfigureAwait(false);
        var keys = new RepositoryKeys(parts.Store);
        await foreach (var id in keys.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            try
            {
                KeyFile.Decode(await keys.LoadAsync(id, cancellationToken).ConfigureAwait(false));
            }
            catch (RepositoryException exception)
            {
                found(new Finding(DamageKind.Key, RepositoryFile.Key(FileKind.Key, id), exception.Message));
            }
        }
    }

    private async Task CheckConfigAsync(CancellationToken cancellationToken)
    {
        try
        {
            var unit = await parts.Store.ReadAllAsync(RepositoryFile.Config, LargestConfig, cancellationToken).ConfigureAwait(false);
            if (RepositoryConfig.TryOpen(parts.Sealer, unit) is null)
            {
                found(new Finding(DamageKind.Config, RepositoryFile.Config, "its authentication code is wrong"));
            }
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            found(new Finding(DamageKind.Config, RepositoryFile.Config, "it is missing"));
        }
        catch (RepositoryException exception) when (exception.Failure == RepositoryFailure.Damaged)
        {
            found(new Finding(DamageKind.Config, RepositoryFile.Config, exception.Message));
        }
    }
}
