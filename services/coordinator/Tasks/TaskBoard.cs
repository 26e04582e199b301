using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Tasks;

/// <summary>
/// What an operation does with its tasks. Every change is one UPDATE with its conditions, so that a claim, a heartbeat or
/// the sweep that comes between sees and leaves a consistent row.
/// </summary>
internal sealed class TaskBoard(CatalogContext catalog, IOptions<CoordinatorSettings> settings, TimeProvider clock)
{
    public async Task<IReadOnlyList<TaskRow>> OfAsync(Guid operationId, CancellationToken cancellationToken) =>
        await catalog.Tasks.AsNoTracking()
            .Where(task => task.OperationId == operationId)
            .OrderBy(task => task.Stage).ThenBy(task => task.Component).ThenBy(task => task.PointName)
            .ToListAsync(cancellationToken);

    /// <summary>The command goes to the workers with this transaction.</summary>
    public Task QueueAsync(Guid taskId, RunTask command, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        return catalog.Tasks.Where(task => task.Id == taskId && task.State == TaskState.Waiting).ExecuteUpdateAsync(
            set => set
                .SetProperty(task => task.State, TaskState.Queued)
                .SetProperty(task => task.Command, command)
                .SetProperty(task => task.Attempt, command.Attempt)
                .SetProperty(task => task.Dispatches, 1)
                .SetProperty(task => task.DispatchAt, now + Retries.UnclaimedPatience(1))
                .SetProperty(task => task.DeadlineAt, now + settings.Value.TaskDeadline),
            cancellationToken);
    }

    /// <summary>Gives a task whose stage has not begun another command.</summary>
    public Task ChangeAsync(Guid taskId, RunTask command, CancellationToken cancellationToken) =>
        catalog.Tasks.Where(task => task.Id == taskId && task.State == TaskState.Waiting)
            .ExecuteUpdateAsync(set => set.SetProperty(task => task.Command, command), cancellationToken);

    /// <returns>The task as it is now; null when the result came under an old fence, or a second time.</returns>
    public async Task<TaskRow?> FinishAsync(TaskFinished message, CancellationToken cancellationToken)
    {
        var changed = await Held(message.TaskId, message.Fence).ExecuteUpdateAsync(
            set => set
                .SetProperty(task => task.State, TaskState.Finished)
                .SetProperty(task => task.Result, message.Result)
                .SetProperty(task => task.Error, (ErrorInfo?)null)
                .SetProperty(task => task.Worker, message.Worker)
                .SetProperty(task => task.EndedAt, clock.GetUtcNow()),
            cancellationToken);
        return changed == 0 ? null : await FindAsync(message.TaskId, cancellationToken);
    }

    /// <summary>Ends the task, or queues it again when the error may pass by itself.</summary>
    /// <returns>The task as it is now; null when the failure came under an old fence, or a second time.</returns>
    public async Task<TaskRow?> FailAsync(TaskFailed message, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (Retries.MayHelp(message.Error) && await RetryAsync(message, now, cancellationToken) is { } queued)
        {
            return queued;
        }

        var failed = await Held(message.TaskId, message.Fence).ExecuteUpdateAsync(
            set => set
                .SetProperty(task => task.State, TaskState.Failed)
                .SetProperty(task => task.Error, message.Error)
                .SetProperty(task => task.Damages, message.Damages)
                .SetProperty(task => task.EndedAt, now),
            cancellationToken);
        return failed == 0 ? null : await FindAsync(message.TaskId, cancellationToken);
    }

    /// <summary>Queues the task for the sweep, under a new fence: what the old holder still sends counts no more.</summary>
    private async Task<TaskRow?> RetryAsync(TaskFailed message, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var failures = await Held(message.TaskId, message.Fence).Select(task => task.Attempt).SingleOrDefaultAsync(cancellationToken);
        var queued = await Held(message.TaskId, message.Fence)
            .Where(task => task.Attempt == failures && failures < settings.Value.MaxAttempts && task.DeadlineAt > now && !task.CancelRequested)
            .ExecuteUpdateAsync(
                set => set
                    .SetProperty(task => task.State, TaskState.Queued)
                    .SetProperty(task => task.Attempt, failures + 1)
                    .SetProperty(task => task.Fence, task => task.Fence + 1)
                    .SetProperty(task => task.Error, message.Error)
                    .SetProperty(task => task.Worker, (string?)null)
                    .SetProperty(task => task.Dispatches, 0)
                    .SetProperty(task => task.DispatchAt, now + Retries.Delay(message.Error, failures)),
                cancellationToken);
        return queued == 0 ? null : await FindAsync(message.TaskId, cancellationToken);
    }

    /// <summary>No task of the operation changes its state before this transaction ends: one that is queued again between two statements would be missed by both.</summary>
    public Task LockAsync(Guid operationId, CancellationToken cancellationToken) =>
        catalog.Database.ExecuteSqlAsync($"SELECT id FROM tasks WHERE operation_id = {operationId} ORDER BY id FOR UPDATE", cancellationToken);

    /// <summary>Ends the tasks that no worker holds: all of the operation, or those of one point.</summary>
    public Task RefuseAsync(Guid operationId, ErrorInfo reason, CancellationToken cancellationToken, Guid? pointId = null) =>
        catalog.Tasks
            .Where(task => task.OperationId == operationId && (pointId == null || task.PointId == pointId) && (task.State == TaskState.Waiting || task.State == TaskState.Queued))
            .ExecuteUpdateAsync(
                set => set
                    .SetProperty(task => task.State, TaskState.Failed)
                    .SetProperty(task => task.Error, reason)
                    .SetProperty(task => task.EndedAt, clock.GetUtcNow()),
                cancellationToken);

    /// <summary>The workers that hold tasks hear it with the answer to their next heartbeat.</summary>
    public Task AskToStopAsync(Guid operationId, CancellationToken cancellationToken) =>
        catalog.Tasks
            .Where(task => task.OperationId == operationId && task.State == TaskState.Running)
            .ExecuteUpdateAsync(set => set.SetProperty(task => task.CancelRequested, true), cancellationToken);

    /// <summary>
    /// The task, if the fence is the current one. It may have been queued again because its lease ran out: as long as nobody
    /// else claimed it, the work of the old holder is as good as any.
    /// </summary>
    private IQueryable<TaskRow> Held(Guid taskId, long fence) => catalog.Tasks.Where(task =>
        task.Id == taskId && task.Fence == fence && fence > 0 && (task.State == TaskState.Running || task.State == TaskState.Queued));

    private Task<TaskRow> FindAsync(Guid taskId, CancellationToken cancellationToken) =>
        catalog.Tasks.AsNoTracking().SingleAsync(task => task.Id == taskId, cancellationToken);
}
