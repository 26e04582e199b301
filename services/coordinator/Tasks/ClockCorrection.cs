using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Tasks;

/// <summary>
/// Takes back times that lie further ahead than they are ever put. A clock that was ahead for a while wrote them, and nothing would look at their
/// rows again before the right clock comes there: after a year, an operation that is being sealed would still hold up all that come after it.
/// </summary>
internal sealed partial class ClockCorrection(CatalogContext catalog, IOptions<CoordinatorSettings> settings, ILogger<ClockCorrection> logger)
{
    /// <summary>More than the clocks of coordinators may differ by.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(1);

    /// <summary>
    /// In the transaction of the sweep, before it looks what is due: what is taken back to now has its turn in the same round. Operations come before
    /// tasks, in the order in which a step of an operation locks them: neither waits for the other for ever.
    /// </summary>
    /// <param name="now">What the clock says.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task RunAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var count = await CorrectOperationsAsync(now, cancellationToken) + await CorrectTasksAsync(now, cancellationToken);
        if (count > 0)
        {
            LogCorrected(logger, count);
        }
    }

    private async Task<int> CorrectOperationsAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var unfinished = catalog.Operations.Where(operation => operation.CurrentState != nameof(OperationState.Finished));
        var latestReview = now + TaskSweep.ReviewInterval + Tolerance;
        var reviews = await unfinished.Where(operation => operation.ReviewAt > latestReview)
            .ExecuteUpdateAsync(set => set.SetProperty(operation => operation.ReviewAt, now), cancellationToken);

        var deadline = now + settings.Value.TaskDeadline;
        var latestDeadline = deadline + Tolerance;
        var deadlines = await unfinished.Where(operation => operation.DeadlineAt > latestDeadline)
            .ExecuteUpdateAsync(set => set.SetProperty(operation => operation.DeadlineAt, deadline), cancellationToken);
        return reviews + deadlines;
    }

    /// <summary>A command that waits is sent at once, which does no harm where it was sent before. A worker that lives keeps its lease; one that is gone loses it in time.</summary>
    private async Task<int> CorrectTasksAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var latestDispatch = now + Retries.LongestPatience + Tolerance;
        var dispatches = await catalog.Tasks.Where(task => task.State == TaskState.Queued && task.DispatchAt > latestDispatch)
            .ExecuteUpdateAsync(set => set.SetProperty(task => task.DispatchAt, now), cancellationToken);

        var lease = now + settings.Value.Lease;
        var latestLease = lease + Tolerance;
        var leases = await catalog.Tasks.Where(task => task.State == TaskState.Running && task.LeaseUntil > latestLease)
            .ExecuteUpdateAsync(set => set.SetProperty(task => task.LeaseUntil, lease), cancellationToken);

        var deadline = now + settings.Value.TaskDeadline;
        var latestDeadline = deadline + Tolerance;
        var deadlines = await catalog.Tasks
            .Where(task => (task.State == TaskState.Running || task.State == TaskState.Queued) && task.DeadlineAt > latestDeadline)
            .ExecuteUpdateAsync(set => set.SetProperty(task => task.DeadlineAt, deadline), cancellationToken);
        return dispatches + leases + deadlines;
    }

    [LoggerMessage(1, LogLevel.Warning, "{Count} deadline(s) lay further ahead than any is put, and were taken back: the clock was ahead for a while, or a setting was lowered")]
    private static partial void LogCorrected(ILogger logger, int count);
}
