using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Points.Storing;

namespace StellaOps.Backup.Coordinator.Verification;

/// <summary>Verify: all data of each snapshot is read by workers; the signatures of the manifests are checked here, at the end.</summary>
internal sealed class VerifyPlan(ProofRecorder proofs, PointCatalog points, PointStore store) : OperationPlan
{
    public override OperationKind Kind => OperationKind.Verify;

    public override Task RecordAsync(TaskRow task, CancellationToken cancellationToken) =>
        proofs.RecordAsync(task, task.Command.Verify!.SnapshotId, ProofDepth.Verified, cancellationToken);

    public override bool NeedsSealing(Operation operation, IReadOnlyList<TaskRow> tasks) => tasks.Count > 0 && !WasCancelled(operation, tasks);

    public override async Task<ErrorInfo?> SealAsync(Operation operation, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken)
    {
        BackupException? worst = null;
        foreach (var id in tasks.Select(task => task.PointId!.Value).Distinct())
        {
            try
            {
                var point = await points.FindAsync(id.ToString(), cancellationToken, deletingToo: true);
                await store.LoadAsync(StoredPoint.At(point.Id, point.StartedAt), cancellationToken);
            }
            catch (BackupException e) when (e.Error != ErrorCodes.StorageUnavailable)
            {
                worst ??= e;
            }
        }

        return worst?.ToInfo();
    }

    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks)
    {
        var damaged = tasks.Where(task => task.State == TaskState.Failed && (task.Damages.Count > 0 || task.Error!.Code == ErrorCodes.Damaged.Code)).ToList();
        return damaged.Count == 0
            ? Conclusion.Of(tasks)
            : Conclusion.Failed(new BackupException(ErrorCodes.Damaged, $"damaged: {string.Join("; ", damaged.Select(Describe))}").ToInfo());
    }

    private static string Describe(TaskRow task) => task.Damages.Count == 0
        ? $"{task.Part.Title} of {task.PointName}: {task.Error!.Message}"
        : $"{task.Part.Title} of {task.PointName}: {task.Damages[0].Kind} {task.Damages[0].Item} {task.Damages[0].Detail}"
            + (task.Damages.Count > 1 ? $" and {task.Damages.Count - 1} more" : "");
}
