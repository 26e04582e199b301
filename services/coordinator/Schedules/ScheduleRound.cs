using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Messaging;
using StellaOps.Backup.Coordinator.Operations;

namespace StellaOps.Backup.Coordinator.Schedules;

/// <summary>
/// One look at one schedule. Row and operation are written in one transaction that holds a lock on the row: two coordinators never start one run twice,
/// and a crash leaves either both or nothing, and then the run is still due.
/// </summary>
internal sealed partial class ScheduleRound(
    CatalogContext catalog, OperationAcceptance acceptance, OutboxSignal signal, SchedulePlan plan, TimeProvider clock, ILogger<ScheduleRound> logger)
{
    /// <summary>Subject of the operations that schedules start.</summary>
    public const string Subject = "schedule";
    private static readonly TimeSpan AfterRefusal = TimeSpan.FromMinutes(1);

    /// <returns>The operation that was started; null when nothing is due.</returns>
    public async Task<Operation?> RunAsync(ScheduledWork work, CancellationToken cancellationToken)
    {
        await using var transaction = await catalog.Database.BeginTransactionAsync(cancellationToken);
        var row = await catalog.Schedules
            .FromSql($"SELECT * FROM schedules WHERE type = {work.Type} FOR UPDATE SKIP LOCKED")
            .AsTracking().SingleOrDefaultAsync(cancellationToken);
        if (row is null || row.PausedAt is not null)
        {
            return null;
        }

        var now = clock.GetUtcNow();
        var started = TryRead(row, now) is { } times ? await StartDueAsync(work, row, times, now, cancellationToken) : null;
        await catalog.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        if (started is not null)
        {
            signal.Set();
        }

        return started;
    }

    /// <summary>Null where the time zone is not known any more, which an update of the machine may bring. It stays due.</summary>
    private ScheduleTimes? TryRead(ScheduleRow row, DateTimeOffset now)
    {
        try
        {
            return ScheduleTimes.Read(row.Cron, row.TimeZone, now);
        }
        catch (BackupException e)
        {
            var problem = Describe(e);
            if (row.Problem != problem)
            {
                // Once, and not with every look.
                LogUnreadable(logger, row.Type, problem);
                row.Problem = problem;
            }

            return null;
        }
    }

    private async Task<Operation?> StartDueAsync(ScheduledWork work, ScheduleRow row, ScheduleTimes times, DateTimeOffset now, CancellationToken cancellationToken)
    {
        PullIn(row, times, now);
        if (row.StartAt <= now || IsChanged(row, now))
        {
            return await StartWantedAsync(work, row, times, now, cancellationToken);
        }

        if (row.DueAt > now && row.ChangedAt is null)
        {
            // Nothing waits for another attempt: it was the time zone, which is known again.
            row.Problem = null;
        }

        return null;
    }

    /// <summary>
    /// A clock that went back has due times before the planned one. They get their runs, but for that which the last run stands for: a clock
    /// that is set back by an hour after the run of the night does not run it again.
    /// </summary>
    private void PullIn(ScheduleRow row, ScheduleTimes times, DateTimeOffset now)
    {
        var next = times.After(now);
        if (next == row.LastDueAt && row.LastStartedAt - now < (times.After(next) - next) / 2)
        {
            next = times.After(next);
        }

        if (next < row.DueAt)
        {
            plan.Set(row, times, next);
        }
        else if (row.StartAt > now + AfterRefusal && row.StartAt > plan.StartOf(row, times, row.DueAt))
        {
            // Neither the due time nor a refusal by this clock puts a start there: the attempt was refused while the clock was ahead. The due time stays
            // what it is, the first that has had no run.
            plan.Set(row, times, row.DueAt);
        }
    }

    /// <summary>A time that lies further ahead than a refusal puts it comes from before the clock went back.</summary>
    private static bool IsChanged(ScheduleRow row, DateTimeOffset now) => row.ChangedAt is { } at && (at <= now || at > now + AfterRefusal);

    private async Task<Operation?> StartWantedAsync(ScheduledWork work, ScheduleRow row, ScheduleTimes times, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!await work.IsConfiguredAsync(cancellationToken))
        {
            // Nothing to save is nothing missed.
            plan.Set(row, times, times.After(now));
            row.ChangedAt = null;
            return null;
        }

        // No overlap with itself: a run that is due while the last one goes on waits for its end.
        return await HasEndedAsync(row.LastOperationId, cancellationToken) ? await StartAsync(work, row, times, now, cancellationToken) : null;
    }

    private async Task<bool> HasEndedAsync(Guid? operation, CancellationToken cancellationToken) => operation is null
        || !await catalog.Operations.AnyAsync(row => row.CorrelationId == operation && row.CurrentState != nameof(OperationState.Finished), cancellationToken);

    /// <summary>One run for all due times that have passed.</summary>
    private async Task<Operation?> StartAsync(ScheduledWork work, ScheduleRow row, ScheduleTimes times, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var isDue = row.StartAt <= now;
        var (missed, last) = isDue ? times.Between(row.DueAt, now) : (0, row.DueAt);
        try
        {
            var reason = isDue ? Reason(row, missed) : "its files are not as they were saved last";
            var operation = await acceptance.AcceptAsync(new Caller { Subject = Subject }, token => work.DraftAsync(reason, token), cancellationToken);
            LogStarted(logger, work.Type, operation.CorrelationId, reason);
            row.LastStartedAt = now;
            row.LastOperationId = operation.CorrelationId;
            row.Problem = null;
            row.ChangedAt = null;
            if (isDue)
            {
                row.Missed += missed;
                row.LastMissedAt = missed > 0 ? last : row.LastMissedAt;
                row.LastDueAt = last;
                plan.Set(row, times, times.After(now));
            }

            return operation;
        }
        catch (BackupException e)
        {
            // Refused before anything was written. It stays due.
            LogRefused(logger, work.Type, e.Message);
            row.Problem = Describe(e);
            row.StartAt = isDue ? now + AfterRefusal : row.StartAt;
            row.ChangedAt = row.ChangedAt is null ? null : now + AfterRefusal;
            return null;
        }
    }

    private static string Describe(BackupException e) => $"{e.Message}. {e.Hint}";

    private static string Reason(ScheduleRow row, long missed) => missed switch
    {
        0 => $"was due at {row.DueAt:u}",
        1 => $"was due at {row.DueAt:u} and once more since",
        _ => $"was due at {row.DueAt:u} and {missed} more times since",
    };

    [LoggerMessage(1, LogLevel.Information, "schedule {Schedule} started operation {Operation}: {Reason}")]
    private static partial void LogStarted(ILogger logger, string schedule, Guid operation, string reason);

    [LoggerMessage(2, LogLevel.Warning, "schedule {Schedule} could not start its run, and tries again in a minute: {Reason}")]
    private static partial void LogRefused(ILogger logger, string schedule, string reason);

    [LoggerMessage(3, LogLevel.Warning, "schedule {Schedule} starts nothing until this is mended: {Reason}")]
    private static partial void LogUnreadable(ILogger logger, string schedule, string reason);
}
