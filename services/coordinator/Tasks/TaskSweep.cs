using StellaOps.Backup.Contracts;
using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Events;
using StellaOps.Backup.Coordinator.Messaging;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Hosting.Messaging;
using StellaOps.Backup.Hosting.Telemetry;

namespace StellaOps.Backup.Coordinator.Tasks;

/// <summary>
/// One round of looking for what nobody moves any more: leases that ran out, commands that nobody claimed, deadlines, and
/// operations that wait. All rows that are due are changed in one transaction with the messages that follow from it.
/// </summary>
internal sealed class TaskSweep(
    CatalogContext catalog, ClockCorrection correction, RebuildGate gate, CatalogHistory history, Outbox outbox, OperationLog log, IOptions<CoordinatorSettings> settings)
{
    /// <summary>An operation looks at itself again after so long, from its acceptance on.</summary>
    internal static readonly TimeSpan ReviewInterval = TimeSpan.FromSeconds(60);

    /// <param name="leasesCount">False right after an outage of the coordinator or its catalog: nobody could have kept a lease.</param>
    /// <param name="look">What the clock says: all is judged by this reading, as a later one may be past a jump that nobody has noticed yet.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False when another coordinator sweeps at this moment.</returns>
    public async Task<bool> RunAsync(bool leasesCount, ClockLook look, CancellationToken cancellationToken)
    {
        await using var transaction = await catalog.Database.BeginTransactionAsync(cancellationToken);
        if (!await catalog.TryLockAsync(AdvisoryLock.Sweep, cancellationToken))
        {
            return false;
        }

        var now = look.Now;
        await correction.RunAsync(now, look.Jump, cancellationToken);

        // Read before the points are: what was listed until it opened is seen then.
        var locationKnown = await gate.IsOpenAsync(history, cancellationToken);
        await EndSealedAsync(now, cancellationToken);
        if (leasesCount)
        {
            await RequeueLostAsync(now, locationKnown, cancellationToken);
            await EndLostAsync(now, locationKnown, cancellationToken);
        }

        await EndOverdueAsync(now, cancellationToken);
        await DispatchAsync(now, locationKnown, cancellationToken);
        await ReviewAsync(now, cancellationToken);
        await catalog.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>
    /// A catalog that was put back knows a backup as it was while it ran, and the location has its point: another attempt would drop the snapshot that the
    /// point names. Before the location was compared with the catalog that is not known, and no attempt at a backup follows another.
    /// </summary>
    private async Task EndSealedAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var listed = await catalog.Tasks.AsNoTracking()
            .Where(task => task.State != TaskState.Finished && task.State != TaskState.Failed && catalog.Operations.Any(operation =>
                operation.CorrelationId == task.OperationId && operation.Kind == OperationKind.Backup && operation.CurrentState != nameof(OperationState.Finished)
                && catalog.Points.Any(point => point.Id == operation.PointId)))
            .ToListAsync(cancellationToken);
        foreach (var task in listed)
        {
            var error = new BackupException(
                ErrorCodes.DuplicateName, $"recovery point '{task.PointName}' is in the location already: the catalog was put back to a time when this backup still ran",
                $"Nothing is lost: 'stella backup info --name {task.PointName}' shows the point.");
            await EndAsync(task, error.ToInfo(), now, cancellationToken);
        }
    }

    /// <summary>The worker is gone: the task is dispatched again, below; what may drop something not before it is known what the location has.</summary>
    private async Task RequeueLostAsync(DateTimeOffset now, bool locationKnown, CancellationToken cancellationToken)
    {
        var lost = await catalog.Tasks.FromSql(
            $"""
            UPDATE tasks SET state = 'Queued', attempt = attempt + 1, dispatches = 0, dispatch_at = {now}, lease_until = NULL
             WHERE state = 'Running' AND lease_until <= {now} AND attempt < {settings.Value.MaxAttempts} AND NOT cancel_requested AND deadline_at > {now}
               AND ({locationKnown} OR kind NOT IN ('Backup', 'Delete', 'Retention'))
            RETURNING *
            """).AsNoTracking().ToListAsync(cancellationToken);
        foreach (var task in lost)
        {
            log.Add(task, "warning", $"{task.Worker} was not heard within its lease; {task.Title} is dispatched again (attempt {task.Attempt})");
        }
    }

    /// <summary>
    /// The worker is gone and the task is out of attempts, or not wanted any more. That drops nothing, whatever the location has: only what will be dispatched again waits until that is known.
    /// </summary>
    private async Task EndLostAsync(DateTimeOffset now, bool locationKnown, CancellationToken cancellationToken)
    {
        var most = settings.Value.MaxAttempts;
        var lost = await catalog.Tasks.AsNoTracking()
            .Where(task => task.State == TaskState.Running && task.LeaseUntil <= now && (locationKnown || task.CancelRequested || task.Attempt >= most
                || (task.Kind != OperationKind.Backup && task.Kind != OperationKind.Delete && task.Kind != OperationKind.Retention)))
            .ToListAsync(cancellationToken);
        foreach (var task in lost)
        {
            var error = task.CancelRequested
                ? new BackupException(ErrorCodes.Cancelled, "the operation was cancelled")
                : new BackupException(ErrorCodes.WorkerLost, $"{task.Worker} was not heard within its lease, in attempt {task.Attempt} of {most}");
            await EndAsync(task, error.ToInfo(), now, cancellationToken);
        }
    }

    /// <summary>A worker that still runs such a task hears it with its next heartbeat.</summary>
    private async Task EndOverdueAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var overdue = await catalog.Tasks.AsNoTracking()
            .Where(task => (task.State == TaskState.Running || task.State == TaskState.Queued) && task.DeadlineAt <= now)
            .ToListAsync(cancellationToken);
        foreach (var task in overdue)
        {
            var cause = task.State == TaskState.Queued ? $"no worker took it ({task.Part.Title})" : $"{task.Worker} did not end it in time";
            var error = new BackupException(ErrorCodes.DeadlinePassed, $"the deadline of {settings.Value.TaskDeadlineHours} hours passed: {cause}");
            await EndAsync(task, error.ToInfo(), now, cancellationToken);
        }
    }

    private async Task EndAsync(TaskRow task, ErrorInfo error, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var ended = await catalog.Tasks
            .Where(row => row.Id == task.Id && row.State == task.State && row.Fence == task.Fence && row.LeaseUntil == task.LeaseUntil)
            .ExecuteUpdateAsync(
                set => set
                    .SetProperty(row => row.State, TaskState.Failed)
                    .SetProperty(row => row.Error, error)
                    .SetProperty(row => row.EndedAt, now),
                cancellationToken);
        if (ended == 1)
        {
            log.Add(task, "error", $"{task.Title} failed: {error.Message}");
            await SendAsync(task.OperationId, Queues.Address(Queues.Coordinator), new ReviewOperation { OperationId = task.OperationId }, cancellationToken);
        }
    }

    /// <summary>
    /// Sends the commands that are due: retries, lost tasks, and those that nobody claimed. Before it is known what the location has, no backup, see above, and nothing that forgets: the command
    /// may name points that are on hold there.
    /// </summary>
    private async Task DispatchAsync(DateTimeOffset now, bool locationKnown, CancellationToken cancellationToken)
    {
        var due = await catalog.Tasks.FromSql(
            $"SELECT * FROM tasks WHERE state = 'Queued' AND dispatch_at <= {now} AND ({locationKnown} OR kind NOT IN ('Backup', 'Delete', 'Retention')) FOR UPDATE SKIP LOCKED")
            .AsNoTracking().ToListAsync(cancellationToken);
        foreach (var task in due)
        {
            var dispatches = task.Dispatches + 1;
            await catalog.Tasks.Where(row => row.Id == task.Id).ExecuteUpdateAsync(
                set => set
                    .SetProperty(row => row.Dispatches, dispatches)
                    .SetProperty(row => row.DispatchAt, now + Retries.UnclaimedPatience(dispatches)),
                cancellationToken);
            await SendAsync(task.OperationId, task.Command.Address(), task.Command with { Attempt = task.Attempt }, cancellationToken);
        }
    }

    /// <summary>Unfinished operations look at themselves once a minute: no lost message can stop one for good.</summary>
    private async Task ReviewAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var due = await catalog.Operations.AsNoTracking()
            .Where(operation => operation.CurrentState != nameof(OperationState.Finished) && operation.ReviewAt <= now)
            .Select(operation => operation.CorrelationId)
            .ToListAsync(cancellationToken);
        foreach (var id in due)
        {
            await catalog.Operations.Where(operation => operation.CorrelationId == id)
                .ExecuteUpdateAsync(set => set.SetProperty(operation => operation.ReviewAt, now + ReviewInterval), cancellationToken);
            await SendAsync(id, Queues.Address(Queues.Coordinator), new ReviewOperation { OperationId = id }, cancellationToken);
        }
    }

    /// <summary>Under the trace of the operation.</summary>
    private async Task SendAsync<T>(Guid operationId, Uri address, T message, CancellationToken cancellationToken)
        where T : class
    {
        var traceParent = await catalog.Operations.Where(operation => operation.CorrelationId == operationId)
            .Select(operation => operation.TraceParent)
            .SingleAsync(cancellationToken);
        using var activity = BackupTelemetry.Source.StartActivity("sweep", ActivityKind.Internal, traceParent);
        await outbox.SendAsync(address, message, cancellationToken);
    }
}
