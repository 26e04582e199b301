using StellaOps.Backup.Repository;

namespace StellaOps.Backup.Workers;

/// <summary>What a running task knows of itself, and its way to report.</summary>
public sealed class TaskContext
{
    public required Guid OperationId { get; init; }
    public required Guid TaskId { get; init; }

    /// <summary>1 for the first dispatch; higher after a crash or a lost lease of an earlier attempt.</summary>
    public required int Attempt { get; init; }

    /// <summary>Counters that the heartbeat sends; safe from any thread.</summary>
    public required TaskProgressMeter Progress { get; init; }

    /// <summary>Lines for the operation's log; safe from any thread.</summary>
    public required ITaskLog Log { get; init; }

    /// <summary>Tags that every snapshot of this task carries: <c>stella.point</c>, <c>stella.task</c>, <c>stella.attempt</c>, <c>stella.component</c>.</summary>
    public required IReadOnlyList<string> SnapshotTags { get; init; }

    /// <summary>Of a backup: a place that is no location yet is not made one.</summary>
    public bool ExpectsLocation { get; init; }

    /// <summary>Tells of a damaged snapshot that a backup is made without.</summary>
    public void PassOver(RepositoryException damaged)
    {
        ArgumentNullException.ThrowIfNull(damaged);
        Log.Warning($"{damaged.Message}; the backup goes on without it. Delete nothing: 'stella repo verify' says what else is damaged, docs/operations.md (\"A damaged repository\") how to mend it");
    }
}

/// <summary>Lines for the operation's log. Never give it a secret.</summary>
public interface ITaskLog
{
    void Info(string message);
    void Warning(string message);
    void Error(string message);
}
