namespace StellaOps.Backup.Workers.Tasks;

/// <summary>
/// The memory that a task leaves. A worker runs beside what it protects and mostly waits; and without this, the buffers of one task would still be there
/// while the next one makes its own.
/// </summary>
internal static class IdleMemory
{
    /// <summary>Collects everything, and gives free memory back to the system. Takes some 40 ms.</summary>
    public static void GiveBack()
    {
        // Each thread still refers to what it put into a pool, until the pool's own finalizer has run.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
