using Microsoft.Extensions.Logging;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Hosting.Identity;
using StellaOps.Backup.Workers.Coordination;
using StellaOps.Backup.Workers.Failures;

namespace StellaOps.Backup.Workers.Tasks;

/// <summary>Puts a running task together.</summary>
internal sealed class RunningTaskFactory(
    ITaskExecutor executor,
    CoordinatorClient coordinator,
    FailureTable failures,
    ServiceIdentity identity,
    TimeProvider clock,
    ILoggerFactory loggers)
{
    public RunningTask Create(RunTask task, TaskLease lease)
    {
        var log = new TaskLog(clock, loggers.CreateLogger("StellaOps.Backup.Task"));
        var progress = new TaskProgressMeter(clock);
        var context = TaskContexts.Create(task, progress, log);
        var heartbeat = new Heartbeat(task.TaskId, lease, coordinator, progress, log, clock, loggers.CreateLogger<Heartbeat>());
        var reporter = new TaskReporter(coordinator, lease, clock, loggers.CreateLogger<TaskReporter>());
        return new RunningTask(task, lease, context, heartbeat, executor, reporter, failures, identity, clock, loggers.CreateLogger<RunningTask>());
    }
}
