using Microsoft.EntityFrameworkCore;

namespace StellaOps.Backup.Coordinator.Catalog;

/// <summary>Locks of the catalog database that end with the transaction that took them.</summary>
internal enum AdvisoryLock : long
{
    /// <summary>Schema changes at the start.</summary>
    Migrate = 0x5742_0001,

    /// <summary>Acceptance of operations: names, idempotency keys and conflicts are decided one request at a time.</summary>
    Accept = 0x5742_0002,

    /// <summary>Whose turn it is.</summary>
    Turn = 0x5742_0003,

    /// <summary>One coordinator sweeps at a time.</summary>
    Sweep = 0x5742_0004,

    /// <summary>The audit chain has one end.</summary>
    Audit = 0x5742_0005,
}

internal static class AdvisoryLocks
{
    /// <summary>Waits for the lock. A transaction must be open.</summary>
    public static Task LockAsync(this CatalogContext catalog, AdvisoryLock name, CancellationToken cancellationToken) =>
        catalog.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({(long)name})", cancellationToken);

    /// <summary>Takes the lock, or says at once that another holds it. A transaction must be open.</summary>
    public static async Task<bool> TryLockAsync(this CatalogContext catalog, AdvisoryLock name, CancellationToken cancellationToken)
    {
        var taken = await catalog.Database
            .SqlQuery<bool>($"SELECT pg_try_advisory_xact_lock({(long)name}) AS \"Value\"")
            .ToListAsync(cancellationToken);
        return taken[0];
    }
}
