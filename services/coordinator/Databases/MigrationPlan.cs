using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Databases;

/// <summary>Migrate: one task, which compares before and after.</summary>
internal sealed class MigrationPlan : OperationPlan
{
    public override OperationKind Kind => OperationKind.Migrate;

    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks) => Conclusion.Of(tasks);
}
