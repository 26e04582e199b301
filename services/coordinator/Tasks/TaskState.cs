namespace StellaOps.Backup.Coordinator.Tasks;

/// <summary>Where a task is.</summary>
internal enum TaskState
{
    /// <summary>Its stage has not begun.</summary>
    Waiting,

    /// <summary>A command is on its way to the workers, or will be at <see cref="TaskRow.DispatchAt"/>.</summary>
    Queued,

    /// <summary>Claimed; the lease says for how long.</summary>
    Running,
    Finished,
    Failed,
}
