namespace StellaOps.Backup.Repository.Locks;

/// <summary>What a lock lets others do.</summary>
public enum LockKind
{
    /// <summary>Others may read and add: backup, restore, verify.</summary>
    Shared,

    /// <summary>Nobody else may hold a lock: prune, forget.</summary>
    Exclusive,
}
