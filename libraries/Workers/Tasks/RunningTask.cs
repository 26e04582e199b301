using System.Diagnostics;
using Microsoft.Extensions.Logging;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Hosting.Identity;
using StellaOps.Backup.Hosting.Telemetry;
using StellaOps.Backup.Workers.Coordination;
using StellaOps.Backup.Workers.Failures;
using StellaOps.Backup.Workers.Metrics;

namespace StellaOps.Backup.Workers.Tasks;

/// <summary>One claimed task from its start to its report.</summary>
internal sealed partial class RunningTask(
    RunTask task,
    TaskLease lease,
    TaskContext context,
    Heartbeat heartbeat,
    ITaskExecutor executor,
    TaskReporter reporter,
    FailureTable failures,
    ServiceIdentity identity,
    TimeProvider clock,
    ILogger<RunningTask> logger)
{
    public Guid TaskId => task.TaskId;

    /// <summary>Never throws: whatever happens becomes the report, or silence when the task is no longer ours.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var activity = BackupTelemetry.Source.StartActivity($"{task.Component.Name()} {task.Kind}", ActivityKind.Internal);
        using var scope = logger.BeginScope("operation {Operation} task {Task} attempt {Attempt}", task.OperationId, task.TaskId, task.Attempt);
        using var work = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using var over = new CancellationTokenSource();
        var startedAt = clock.GetTimestamp();
        LogStarted(logger, task.Kind.ToString(), task.Component.Name(), lease.Fence);
        var beating = heartbeat.RunAsync(work, over.Token);

        var report = await WorkAsync(work.Token, stopping).ConfigureAwait(false);
        activity?.SetStatus(report is TaskFailed ? ActivityStatusCode.Error : ActivityStatusCode.Ok);
        WorkerMetrics.Record(task, report, clock.GetElapsedTime(startedAt), clock.GetUtcNow());
        await over.CancelAsync().ConfigureAwait(false);
        await beating.ConfigureAwait(false);
        await ReportAsync(report, stopping).ConfigureAwait(false);
        LogEnded(logger, task.Kind.ToString(), task.Component.Name(), report.GetType().Name, clock.GetElapsedTime(startedAt));
    }

    private async Task<object> WorkAsync(CancellationToken cancellationToken, CancellationToken stopping)
    {
        try
        {
            var result = await executor.ExecuteAsync(task, context, cancellationToken).ConfigureAwait(false);
            return new TaskFinished { TaskId = task.TaskId, OperationId = task.OperationId, Fence = lease.Fence, Worker = identity.Worker, Result = result };
        }
        catch (Exception) when (heartbeat.Ended == HeartbeatEnd.Cancelled)
        {
            // What the work throws while it is being stopped is only how it stopped.
            return Failed(new BackupException(ErrorCodes.Cancelled, "the operation was cancelled").ToInfo());
        }
        catch (Exception) when (heartbeat.Ended == HeartbeatEnd.LeaseLost)
        {
            return Failed(new BackupException(ErrorCodes.WorkerLost, "the lease of the task was lost").ToInfo());
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            return Failed(new BackupException(ErrorCodes.WorkerLost, $"the worker {identity.Worker} was stopped").ToInfo());
        }
        catch (Exception e)
        {
            // The edge of the task runner: a task that ends unexpectedly must end as failed, and the process goes on.
            return Failed(e);
        }
    }

    private TaskFailed Failed(Exception exception)
    {
        var failure = failures.Describe(exception);
        if (failure.Expected)
        {
            LogFailed(logger, failure.Error.Code, failure.Error.Message);
        }
        else
        {
            LogDefect(logger, exception);
        }

        return Failed(failure.Error) with { Damages = [.. failure.Damages.Take(TaskResult.MaxMissing)] };
    }

    private TaskFailed Failed(ErrorInfo error) =>
        new() { TaskId = task.TaskId, OperationId = task.OperationId, Fence = lease.Fence, Worker = identity.Worker, Error = error };

    private async Task ReportAsync(object report, CancellationToken stopping)
    {
        if (heartbeat.Ended is null)
        {
            await heartbeat.FlushAsync(stopping).ConfigureAwait(false);
        }

        // A task that is another's now ends in silence; a report under the old fence would be refused.
        if (heartbeat.Ended != HeartbeatEnd.LeaseLost)
        {
            await reporter.SendAsync(report, stopping).ConfigureAwait(false);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "{Kind} of {Component} started under fence {Fence}")]
    private static partial void LogStarted(ILogger logger, string kind, string component, long fence);

    [LoggerMessage(2, LogLevel.Information, "{Kind} of {Component} ended with {Report} after {Duration}")]
    private static partial void LogEnded(ILogger logger, string kind, string component, string report, TimeSpan duration);

    [LoggerMessage(3, LogLevel.Warning, "the task failed: {Code}: {Reason}")]
    private static partial void LogFailed(ILogger logger, string code, string reason);

    [LoggerMessage(4, LogLevel.Error, "the task ended unexpectedly")]
    private static partial void LogDefect(ILogger logger, Exception exception);
}
