using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Protection;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Retention;

/// <summary>Retention: what the rules do not keep is dropped, a repository at a time; where there is nothing to drop, what became free since is pruned.</summary>
internal sealed class RetentionPlan(
    RetentionReview review, PointDropping dropping, UntouchedSnapshots untouched, RetentionRules rules, ProtectionCopies protections, RebuildGate gate, CatalogHistory history) : OperationPlan
{
    public override OperationKind Kind => OperationKind.Retention;

    public override async Task BeginAsync(Operation operation, CancellationToken cancellationToken) =>
        await dropping.BeginAsync(await review.NarrowAsync(operation, cancellationToken), cancellationToken);

    /// <summary>One repository that could not be worked on costs the others nothing.</summary>
    public override bool NeedsSealing(Operation operation, IReadOnlyList<TaskRow> tasks) => tasks.Any(task => task.State == TaskState.Finished);

    public override async Task<ErrorInfo?> SealAsync(Operation operation, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken)
    {
        await dropping.SealAsync(tasks, cancellationToken);

        // A run that a crash, or a catalog that was put back, left under way may come here before the copies were read: they may say more than the catalog. The next run writes them.
        if (await gate.IsOpenAsync(history, cancellationToken))
        {
            await rules.SaveCopyAsync(await rules.ReadAsync(cancellationToken), cancellationToken);
            await protections.SaveAllAsync(cancellationToken);
        }

        return null;
    }

    public override Task EndAsync(IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken) => untouched.UnmarkAsync(tasks, cancellationToken);

    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks) => Conclusion.Of(tasks);
}
