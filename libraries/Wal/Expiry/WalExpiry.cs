using StellaOps.Backup.Storage;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Manifests;

namespace StellaOps.Backup.Wal.Expiry;

/// <summary>Removes WAL that no kept base backup needs. May be stopped anywhere and run again, beside an archiver at work.</summary>
public sealed class WalExpiry(IObjectStore location, TimeProvider clock)
{
    /// <summary>Carries out a plan.</summary>
    /// <exception cref="StorageException">The store failed; the next run does the rest.</exception>
    public async Task RunAsync(WalInventory inventory, ExpiryPlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(inventory);
        ArgumentNullException.ThrowIfNull(plan);
        var known = inventory.Expired?.Timelines ?? [];
        var merged = known.Concat(plan.Timelines).GroupBy(one => one.Timeline).Select(same => same.MaxBy(one => one.Before)!).OrderBy(one => one.Timeline).ToList();
        if (!merged.SequenceEqual(known))
        {
            var mark = new ExpiryMark { Timelines = merged, ExpiredAt = clock.GetUtcNow() };
            await location.PutAsync(inventory.Keys.Expired, WalJson.Write(mark), PutMode.Replace, cancellationToken).ConfigureAwait(false);
        }

        // Durable now: the mark. What is missing before it is no gap from here on, however much of it a crash leaves.
        foreach (var key in plan.Wal.Concat(plan.Documents))
        {
            await location.DeleteAsync(key, cancellationToken).ConfigureAwait(false);
        }
    }
}
