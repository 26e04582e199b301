using System.Globalization;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Workers.Tasks;

/// <summary>Makes the context of a task from its command.</summary>
internal static class TaskContexts
{
    private const string AttemptPrefix = "stella.attempt=";

    public static TaskContext Create(RunTask task, TaskProgressMeter progress, ITaskLog log) => new()
    {
        OperationId = task.OperationId,
        TaskId = task.TaskId,
        Attempt = task.Attempt,
        Progress = progress,
        Log = log,
        SnapshotTags = Tags(task),
        ExpectsLocation = task.Backup?.ExpectsLocation == true,
    };

    /// <summary>Tag by which an attempt finds what an earlier attempt of the same task saved.</summary>
    public static string TaskTag(Guid taskId) => $"stella.task={taskId:D}";

    /// <summary>
    /// False where a tag says that this attempt, or a later one, saved the snapshot. Older versions did not say which attempt did: nothing tells theirs
    /// from that of an earlier one.
    /// </summary>
    public static bool MayBeEarlier(IReadOnlyList<string> tags, int attempt) => tags
        .Where(tag => tag.StartsWith(AttemptPrefix, StringComparison.Ordinal))
        .All(tag => int.TryParse(tag.AsSpan(AttemptPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var saved) && saved < attempt);

    private static IReadOnlyList<string> Tags(RunTask task) => task.Backup is { } backup
        ? [$"stella.point={backup.PointId:D}", TaskTag(task.TaskId), string.Create(CultureInfo.InvariantCulture, $"{AttemptPrefix}{task.Attempt}"), $"stella.component={task.Component.Name()}"]
        : [];
}
