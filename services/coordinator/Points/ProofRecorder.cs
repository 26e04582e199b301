using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Points;

/// <summary>Records what the end of a verify or test-restore task says about its point.</summary>
internal sealed class ProofRecorder(CatalogContext catalog, PointCatalog points, TimeProvider clock)
{
    public async Task RecordAsync(TaskRow task, string snapshotId, ProofDepth depth, CancellationToken cancellationToken)
    {
        var passed = task.State == TaskState.Finished;
        if (!passed && !SaysSomething(task))
        {
            return;
        }

        if (!await catalog.Points.AnyAsync(point => point.Id == task.PointId, cancellationToken)
            || await catalog.Proofs.AnyAsync(proof => proof.TaskId == task.Id, cancellationToken))
        {
            return;
        }

        catalog.Proofs.Add(new ProofRow
        {
            TaskId = task.Id,
            OperationId = task.OperationId,
            PointId = task.PointId!.Value,
            Component = task.Component,
            Cluster = task.Cluster,
            At = clock.GetUtcNow(),
            Passed = passed,
            Depth = task.Result?.Proof?.Depth ?? depth,
            Result = task.Result?.Proof,
        });
        if (passed)
        {
            await points.ClearDamagesAsync(task.PointId.Value, task.Part, cancellationToken);
        }
        else if (task.Damages.Count > 0)
        {
            await points.MarkDamagedAsync(task.Component, snapshotId, task.Damages, cancellationToken);
        }
    }

    /// <summary>A worker that was lost, or storage that was away, says nothing about the point.</summary>
    internal static bool SaysSomething(TaskRow task) =>
        task.Damages.Count > 0 || task.Error?.Code == ErrorCodes.Damaged.Code || task.Error?.Code == ErrorCodes.ProofFailed.Code;
}
