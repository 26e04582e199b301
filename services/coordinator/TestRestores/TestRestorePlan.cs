using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.TestRestores;

/// <summary>
/// Test-restore: every component is restored to a scratch directory and proven there. The restored database hands the evidence
/// task the list of files that it refers to, so that the two are proven to belong together.
/// </summary>
internal sealed class TestRestorePlan(ProofRecorder proofs) : OperationPlan
{
    public override OperationKind Kind => OperationKind.TestRestore;

    public override Task<RunTask> PrepareAsync(TaskRow task, IReadOnlyList<TaskRow> tasks, CancellationToken cancellationToken)
    {
        var spec = task.Command.TestRestore!;
        IReadOnlyList<string> keys = task.Component switch
        {
            // What is referred to after a replay may be newer than the point's evidence.
            Component.Database when spec is { DryRun: false, Replay: false } && tasks.Any(other => other.Component == Component.Evidence) => [EvidenceReferences.Key(task.OperationId, task.Part.Cluster)],

            // A database that did not come up, or has no query for them, has left no list.
            Component.Evidence => [.. tasks.Select(other => other.Result?.EvidenceReferencesKey).OfType<string>()],
            _ => [],
        };
        return Task.FromResult(task.Command with { TestRestore = spec with { EvidenceReferencesKey = keys is [var first, ..] ? first : null, MoreEvidenceReferencesKeys = [.. keys.Skip(1)] } });
    }

    public override Task RecordAsync(TaskRow task, CancellationToken cancellationToken)
    {
        var spec = task.Command.TestRestore!;

        // A copy that was brought on by WAL is not the point's state: what came later, or WAL itself, may be what failed.
        var isOfLater = spec.Replay && task.State != TaskState.Finished && task.Damages.Count == 0;
        return spec.DryRun || isOfLater ? Task.CompletedTask : proofs.RecordAsync(task, spec.SnapshotId, ProofDepth.Restored, cancellationToken);
    }

    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks) => Conclusion.Of(tasks);
}
