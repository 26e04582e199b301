using MassTransit;
using Microsoft.Extensions.Logging;

namespace StellaOps.Backup.Workers.Coordination;

/// <summary>Why a task's heart stopped before its work was over.</summary>
internal enum HeartbeatEnd
{
    /// <summary>A user cancelled the operation.</summary>
    Cancelled,

    /// <summary>The task is another's now, or nobody could be reached until the lease ran out.</summary>
    LeaseLost,
}

/// <summary>Keeps the lease of one task, carries its progress and log lines, and stops its work when it must stop.</summary>
internal sealed partial class Heartbeat(
    Guid taskId,
    TaskLease lease,
    CoordinatorClient coordinator,
    TaskProgressMeter progress,
    TaskLog log,
    TimeProvider clock,
    ILogger<Heartbeat> logger)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestLimit = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(5);
    private int _ended = -1;

    /// <summary>Null while the task is ours.</summary>
    public HeartbeatEnd? Ended => Volatile.Read(ref _ended) is >= 0 and var end ? (HeartbeatEnd)end : null;

    /// <summary>Beats until <paramref name="over"/>; cancels <paramref name="work"/> when the task is no longer to be done.</summary>
    public async Task RunAsync(CancellationTokenSource work, CancellationToken over)
    {
        try
        {
            var delay = TimeSpan.Zero;
            while (true)
            {
                await Task.Delay(delay, clock, over).ConfigureAwait(false);

                // Not cut off when the work ends meanwhile: its log lines would be delivered twice.
                var answered = await BeatAsync(AnswerLimit(), CancellationToken.None).ConfigureAwait(false);
                if (!answered && lease.Left <= TimeSpan.Zero)
                {
                    LogLeaseLost(logger, taskId);
                    End(HeartbeatEnd.LeaseLost);
                }

                if (Ended is not null)
                {
                    await work.CancelAsync().ConfigureAwait(false);
                    return;
                }

                delay = answered ? lease.HeartbeatInterval : RetryDelay;
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The task is over.
        }
    }

    /// <summary>After <see cref="RunAsync"/>: delivers the log lines that still wait, as far as a few seconds allow: they belong before the result.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        time.CancelAfter(FlushLimit);
        try
        {
            while (log.Peek().Count > 0 && await BeatAsync(FlushLimit, time.Token).ConfigureAwait(false))
            {
            }
        }
        catch (OperationCanceledException)
        {
            // The result matters more than the last lines.
        }
    }

    /// <returns>True when the coordinator answered.</returns>
    private async Task<bool> BeatAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var events = log.Peek();
        try
        {
            var sentAt = clock.GetTimestamp();
            var answer = await coordinator.HeartbeatAsync(taskId, lease.Fence, progress.Read(), events, limit, cancellationToken).ConfigureAwait(false);
            log.Delivered(events.Count);
            if (answer.Continue)
            {
                lease.Renew(sentAt);
            }
            else
            {
                LogStopped(logger, taskId, answer.Cancelled);
                End(answer.Cancelled ? HeartbeatEnd.Cancelled : HeartbeatEnd.LeaseLost);
            }

            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // Broker or coordinator away, in whatever form the transport says so: the lease decides how long to go on trying.
            LogUnanswered(logger, taskId, lease.Left, e.Message);
            return false;
        }
    }

    private void End(HeartbeatEnd end) => Interlocked.CompareExchange(ref _ended, (int)end, -1);

    /// <summary>Short enough for several tries within the lease, since an answer may be lost with the broker; never beyond its end.</summary>
    private TimeSpan AnswerLimit()
    {
        var usual = TimeSpan.FromTicks(Math.Max(2 * lease.HeartbeatInterval.Ticks, 2 * RetryDelay.Ticks));
        return TimeSpan.FromTicks(Math.Clamp(lease.Left.Ticks, ShortestLimit.Ticks, usual.Ticks));
    }

    [LoggerMessage(1, LogLevel.Warning, "heartbeat of task {Task} was not answered; the lease lasts {Left} longer: {Reason}")]
    private static partial void LogUnanswered(ILogger logger, Guid task, TimeSpan left, string reason);

    [LoggerMessage(2, LogLevel.Warning, "task {Task} is stopped: its lease ran out while the coordinator could not be reached")]
    private static partial void LogLeaseLost(ILogger logger, Guid task);

    [LoggerMessage(3, LogLevel.Information, "task {Task} is stopped by the coordinator (cancelled by a user: {Cancelled})")]
    private static partial void LogStopped(ILogger logger, Guid task, bool cancelled);
}
