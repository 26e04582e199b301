using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Events;

namespace StellaOps.Backup.Coordinator.Tasks;

/// <summary>Who holds a task. One short statement per question; whoever's UPDATE finds the row has it.</summary>
internal sealed class TaskClaims(CatalogContext catalog, OperationLog log, IOptions<CoordinatorSettings> settings, TimeProvider clock)
{
    private sealed record Grant(long Fence, DateTimeOffset LeaseUntil);

    /// <summary>Grants the task to a worker, unless another holds it or it has ended.</summary>
    /// <param name="claim">The question.</param>
    /// <param name="requestId">Id of the question: delivered again, it gets the same grant again.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<ClaimGranted?> ClaimAsync(ClaimTask claim, Guid? requestId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var until = now + settings.Value.Lease;
        var grants = await catalog.Database.SqlQuery<Grant>(
            $"""
            UPDATE tasks
               SET state = 'Running', worker = {claim.Worker}, fence = fence + 1, lease_until = {until}, claim_id = {requestId},
                   started_at = {now}, progress = NULL
             WHERE id = {claim.TaskId} AND NOT cancel_requested
               AND (state = 'Queued' OR (state = 'Running' AND lease_until <= {now}))
            RETURNING fence AS "Fence", lease_until AS "LeaseUntil"
            """).ToListAsync(cancellationToken);
        if (grants is [var grant])
        {
            await NoteAsync(claim, cancellationToken);
            return Granted(claim.TaskId, grant);
        }

        var earlier = await catalog.Tasks.AsNoTracking()
            .Where(task => task.Id == claim.TaskId && task.State == TaskState.Running && requestId != null && task.ClaimId == requestId)
            .Select(task => new Grant(task.Fence, task.LeaseUntil!.Value))
            .SingleOrDefaultAsync(cancellationToken);
        return earlier is null ? null : Granted(claim.TaskId, earlier);
    }

    /// <summary>Keeps the lease, unless the task was given to another, ended, or is to stop.</summary>
    public async Task<HeartbeatAnswer> HeartbeatAsync(TaskHeartbeat heartbeat, CancellationToken cancellationToken)
    {
        var until = clock.GetUtcNow() + settings.Value.Lease;
        var kept = await catalog.Tasks
            .Where(task => task.Id == heartbeat.TaskId && task.Fence == heartbeat.Fence && task.State == TaskState.Running && !task.CancelRequested)
            .ExecuteUpdateAsync(
                set => set.SetProperty(task => task.LeaseUntil, until).SetProperty(task => task.Progress, heartbeat.Progress),
                cancellationToken);
        var row = await catalog.Tasks.AsNoTracking()
            .Where(task => task.Id == heartbeat.TaskId)
            .Select(task => new { task.OperationId, task.Kind, task.Component, task.Fence, task.CancelRequested })
            .SingleOrDefaultAsync(cancellationToken);
        if (row is not null && row.Fence == heartbeat.Fence && heartbeat.Events.Count > 0)
        {
            log.Add(row.OperationId, row.Kind, row.Component, heartbeat.Events);
            await catalog.SaveChangesAsync(cancellationToken);
        }

        return new HeartbeatAnswer
        {
            TaskId = heartbeat.TaskId,
            Continue = kept == 1,
            Cancelled = kept == 0 && row is { CancelRequested: true } && row.Fence == heartbeat.Fence,
            LeaseUntil = kept == 1 ? until : clock.GetUtcNow(),
        };
    }

    private async Task NoteAsync(ClaimTask claim, CancellationToken cancellationToken)
    {
        var task = await catalog.Tasks.AsNoTracking().SingleAsync(task => task.Id == claim.TaskId, cancellationToken);
        log.Add(task, "info", $"{task.Title} was claimed by {claim.Worker}");
        await catalog.SaveChangesAsync(cancellationToken);
    }

    private ClaimGranted Granted(Guid taskId, Grant grant) => new()
    {
        TaskId = taskId,
        Fence = grant.Fence,
        LeaseUntil = grant.LeaseUntil,
        LeaseDuration = settings.Value.Lease,
        HeartbeatInterval = TimeSpan.FromSeconds(settings.Value.HeartbeatSeconds),
    };
}
