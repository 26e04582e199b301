using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Restore;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Workers.Repositories;

/// <summary>Runs a restore with the progress and warnings of a task.</summary>
public static class TaskRestore
{
    /// <summary>Restores and logs the report's warnings; <c>OnProgress</c> of the request is the task's.</summary>
    public static async Task<RestoreReport> RunAsync(
        ComponentRepository opened, RestoreRequest request, TaskContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(opened);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(context);
        var report = await new Restorer(opened.Repository).RunAsync(request with { OnProgress = Progress(context) }, cancellationToken).ConfigureAwait(false);
        foreach (var warning in report.Warnings)
        {
            context.Log.Warning(warning);
        }

        return report;
    }

    /// <summary>Makes the directories above a place that are missing as the snapshot has them, and logs the warnings.</summary>
    public static async Task MakeParentsAsync(
        ResticRepository repository, Snapshot snapshot, string path, TaskContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        foreach (var warning in await new Restorer(repository).RestoreParentsAsync(snapshot, path, cancellationToken).ConfigureAwait(false))
        {
            context.Log.Warning(warning);
        }
    }

    private static Action<RestoreProgress> Progress(TaskContext context)
    {
        long lastFiles = 0, lastBytes = 0;
        var begun = 0;
        return now =>
        {
            if (Interlocked.Exchange(ref begun, 1) == 0)
            {
                context.Progress.Begin("write", now.TotalFiles, now.TotalBytes);
            }

            context.Progress.Add(now.Files - Interlocked.Exchange(ref lastFiles, now.Files), now.Bytes - Interlocked.Exchange(ref lastBytes, now.Bytes));
        };
    }
}
