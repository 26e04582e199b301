using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Workers.Tasks;

/// <summary>Makes the context of a task from its command.</summary>
internal static class TaskContexts
{
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

    private static IReadOnlyList<string> Tags(RunTask task) => task.Backup is { } backup
        ? [$"stella.point={backup.PointId:D}", TaskTag(task.TaskId), $"stella.component={task.Component.Name()}"]
        : [];
}
