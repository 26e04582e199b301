using Microsoft.Extensions.Logging;

namespace StellaOps.Backup.Workers.Coordination;

/// <summary>Sends the end of a task until the broker has it, or the lease is lost.</summary>
internal sealed partial class TaskReporter(CoordinatorClient coordinator, TaskLease lease, TimeProvider clock, ILogger<TaskReporter> logger)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AttemptLimit = TimeSpan.FromSeconds(10);

    /// <summary>Time for a report while the process stops; without it the lease runs out, which only takes longer.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    /// <summary>Returns true when the broker has the report durably.</summary>
    public async Task<bool> SendAsync(object report, CancellationToken stopping)
    {
        using var stop = new CancellationTokenSource();
        await using var _ = stopping.Register(() => stop.CancelAfter(StopLimit)).ConfigureAwait(false);
        while (lease.Left > TimeSpan.Zero && !stop.IsCancellationRequested)
        {
            using var attempt = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
            attempt.CancelAfter(AttemptLimit);
            try
            {
                await coordinator.ReportAsync(report, attempt.Token).ConfigureAwait(false);
                return true;
            }
            catch (Exception e)
            {
                // Broker away, in whatever form the transport says so; the work is done and worth every further attempt.
                LogUnsent(logger, lease.Left, e.Message);
            }

            await Task.Delay(RetryDelay, clock, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return false;
    }

    [LoggerMessage(1, LogLevel.Warning, "the end of the task could not be reported; the lease lasts {Left} longer: {Reason}")]
    private static partial void LogUnsent(ILogger logger, TimeSpan left, string reason);
}
