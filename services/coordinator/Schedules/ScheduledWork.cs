using StellaOps.Backup.Coordinator.Operations;

namespace StellaOps.Backup.Coordinator.Schedules;

/// <summary>A kind of work that schedules can start. It is registered under its name, and then has an API, a command line and metrics.</summary>
internal abstract class ScheduledWork
{
    /// <summary>Name of its schedule.</summary>
    public abstract string Type { get; }

    /// <summary>Cron expression from the first start on; null where there is no schedule until somebody sets one.</summary>
    public abstract string? UsualCron { get; }

    /// <summary>Whether workers report changes of what it saves.</summary>
    public virtual bool IsWatched => false;

    /// <summary>Whether this installation has what it works on.</summary>
    public abstract Task<bool> IsConfiguredAsync(CancellationToken cancellationToken);

    /// <summary>The operation of a run; it is accepted as one that somebody asked for.</summary>
    /// <param name="reason">Why it starts, for the audit log.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public abstract Task<OperationDraft> DraftAsync(string reason, CancellationToken cancellationToken);
}
