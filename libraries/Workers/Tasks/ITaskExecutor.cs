using StellaOps.Backup.Contracts.Tasks;

namespace StellaOps.Backup.Workers.Tasks;

/// <summary>Does the work of a task.</summary>
internal interface ITaskExecutor
{
    Task<TaskResult> ExecuteAsync(RunTask task, TaskContext context, CancellationToken cancellationToken);
}
