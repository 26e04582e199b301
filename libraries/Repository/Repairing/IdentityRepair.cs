using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Repairing;

/// <summary>
/// Config and key files, of a repository that could be opened all the same: the config is sealed anew with what was read of it, and a key file for the
/// password takes the place of damaged ones.
/// </summary>
internal sealed class IdentityRepair(ResticRepository repository, RepairRequest request)
{
    /// <summary>What could not be healed, and what to do.</summary>
    internal List<string> Remaining { get; } = [];

    internal async Task RunAsync(CheckReport damage, CancellationToken cancellationToken)
    {
        if (damage.Damages.Any(found => found.Kind == DamageKind.Config) && !request.DryRun)
        {
            await repository.Store.PutAsync(RepositoryFile.Config, repository.SealConfig(), PutMode.Replace, cancellationToken).ConfigureAwait(false);
        }

        var damaged = damage.Damages.Where(found => found.Kind == DamageKind.Key).ToList();
        if (damaged.Count == 0)
        {
            return;
        }

        if (request.Password is null)
        {
            Remaining.AddRange(damaged.Select(found => $"{found.Object} is damaged: repair with its password, or remove it and add the password again"));
        }
        else if (!request.DryRun)
        {
            await repository.Keys.AddAsync(request.Password, cancellationToken).ConfigureAwait(false);
            foreach (var found in damaged)
            {
                // Durable: a key file that opens everything.
                await repository.Store.DeleteAsync(found.Object, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
