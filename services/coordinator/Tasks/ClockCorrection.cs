using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Tasks;

/// <summary>
/// Puts off times by what the clock was set forward, and takes back those that lie further ahead than they are ever put. By a clock that is ahead for seconds
/// all that runs would be past its deadline. What it wrote nothing would look at again before the right clock comes there: after a year, an operation that is
/// being sealed would still hold up all that come after it.
/// </summary>
internal sealed partial class ClockCorrection(CatalogContext catalog, IOptions<CoordinatorSettings> settings, ILogger<ClockCorrection> logger)
{
    /// <summary>More than the clocks of coordinators may differ by.</summary>
    internal static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(1);

    /// <summary>
    /// In the transaction of the sweep, before it looks what is due: what is taken back to now has its turn in the same round. Operations come before
    /// tasks, in the order in which a step of an operation locks them: neither waits for the other for ever.
    /// </summary>
    /// <param name="now">What the clock says.</param>
    /// <param name="jump">How far it was set forward since the last sweep.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task RunAsync(DateTimeOffset now, TimeSpan jump, CancellationToken cancellationToken)
    {
        if (jump > TimeSpan.Zero)
        {
            await PutOffAsync(jump, cancellationToken);
        }

        var count = await CorrectOperationsAsync(now, cancellationToken) + await CorrectTasksAsync(now, cancellationToken);
        if (count > 0)
        {
            LogCorrected(logger, count);
        }
    }

    /// <summary>Of two coordinators on one machine each may do it: what comes out too late is taken back at once.</summary>
    private async Task PutOffAsync(TimeSpan jump, CancellationToken cancellationToken)
    {
        // In seconds: PostgreSQL adds days by the calendar of the session's time zone.
        var seconds = jump.TotalSeconds;
        await catalog.Database.ExecuteSqlAsync(
            $"UPDATE operations SET deadline_at = deadline_at + make_interval(secs => {seconds}) WHERE current_state <> 'Finished'", cancellationToken);
        await catalog.Database.ExecuteSqlAsync(
            $"""
            UPDATE tasks SET deadline_at = deadline_at + make_interval(secs => {seconds}), lease_until = lease_until + make_interval(secs => {seconds})
             WHERE state IN ('Queued', 'Running')
            """,
            cancellationToken);
        LogPutOff(logger, jump);
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

    [LoggerMessage(2, LogLevel.Warning, "the clock was set forward by {Jump}, or the machine was suspended; the deadlines of all that runs or waits were put off by as much")]
    private static partial void LogPutOff(ILogger logger, TimeSpan jump);
}
