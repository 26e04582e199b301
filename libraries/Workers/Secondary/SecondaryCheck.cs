using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts.Workers;
using StellaOps.Backup.Hosting.Announcements;
using StellaOps.Backup.Storage;
using StellaOps.Backup.Workers.Checks;

namespace StellaOps.Backup.Workers.Secondary;

/// <summary><c>check.storage.secondary</c>, where there is one: this worker can read the secondary location. Whether it can write is seen by what it copies.</summary>
internal sealed class SecondaryCheck(IOptions<SecondarySettings> secondary, TimeProvider clock) : IServiceCheck
{
    public string Id => "check.storage.secondary";

    public string Category => "storage";

    public async Task<CheckResult> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            var store = ObjectStoreFactory.Open(secondary.Value.ToLocation()!, clock);
            await using (store.ConfigureAwait(false))
            {
                await LocationFile.FindAsync(store, cancellationToken).ConfigureAwait(false);
                return CheckResults.Pass(this, $"{store.Description} can be read");
            }
        }
        catch (StorageException failure)
        {
            return CheckResults.Fail(this, failure.Message, "Check that Secondary:Url names it, that Secondary:CredentialsFile opens it, and that this host reaches it.");
        }
    }
}
