using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Copies;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Archives;

/// <summary>
/// Archive: points leave the location, each in this order. (1) Its archive is written and read back. (2) Its signed manifest says that it is there. (3) So does the
/// catalog. (4) An operation of its own forgets its snapshots, when nothing else works on them. A crash anywhere leaves the point in the location, or in a whole archive
/// and listed, or both. A point that could not be archived costs the others nothing.
/// </summary>
internal sealed class ArchivePlan(PointCatalog points, PointSigner signer, IObjectStore location, CopyRecords records, ArchivedForgetting forgetting, TaskBoard board)
    : CopyingPlan(points, signer, location)
{
    public override OperationKind Kind => OperationKind.Archive;

    public override bool GoesOnAfter(TaskRow failed, IReadOnlyList<TaskRow> tasks) => true;

    /// <summary>Without the list of one component there is no archive of its point.</summary>
    public override Task RecordAsync(TaskRow task, CancellationToken cancellationToken) => task is { State: TaskState.Failed, Command.Export: not null, PointId: { } point }
        ? board.RefuseAsync(task.OperationId, new BackupException(ErrorCodes.Cancelled, $"not started, because {task.Part.Title} of '{task.PointName}' failed").ToInfo(), cancellationToken, point)
        : Task.CompletedTask;

    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks)
    {
        var failed = tasks.Where(task => task is { State: TaskState.Failed } && task.Error!.Code != ErrorCodes.Cancelled.Code).ToList();
        if (WasCancelled(operation, tasks) || tasks.All(task => task.Command.Archive is null || task.State == TaskState.Failed))
        {
            return Conclusion.Of(tasks);
        }

        return failed.Count == 0
            ? Conclusion.Complete
            : new Conclusion(Outcome.Incomplete, Conclusion.Missing(
                string.Join("; ", failed.Select(task => $"'{task.PointName}' stays in the location: {task.Error!.Message}")), "Mend what the messages name, and run the command again: what is archived stays so."));
    }

    protected override async Task<ErrorInfo?> RecordAsync(Operation operation, IReadOnlyList<TaskRow> archived, CancellationToken cancellationToken)
    {
        BackupException? worst = null;
        foreach (var task in archived)
        {
            try
            {
                await records.ArchivedAsync(task, cancellationToken);
            }
            catch (BackupException refused) when (!refused.Error.Retryable)
            {
                // An archive of somebody else's that was there, or a point that changed meanwhile. It is in the location as it was.
                worst ??= refused;
            }
        }

        await forgetting.AcceptAsync(operation, cancellationToken);
        return worst?.ToInfo();
    }
}
