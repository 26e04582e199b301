using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;
using StellaOps.Backup.Points.Signing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Copies;

/// <summary>Copy: one point into one archive, which is noted in its manifest. The point stays where it is.</summary>
internal sealed class CopyPlan(PointCatalog points, PointSigner signer, IObjectStore location, CopyRecords records) : CopyingPlan(points, signer, location)
{
    public override OperationKind Kind => OperationKind.Copy;

    public override bool GoesOnAfter(TaskRow failed, IReadOnlyList<TaskRow> tasks) => false;

    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks) => Conclusion.Of(tasks);

    protected override async Task<ErrorInfo?> RecordAsync(Operation operation, IReadOnlyList<TaskRow> archived, CancellationToken cancellationToken)
    {
        foreach (var task in archived)
        {
            await records.CopiedAsync(task, cancellationToken);
        }

        return null;
    }
}
