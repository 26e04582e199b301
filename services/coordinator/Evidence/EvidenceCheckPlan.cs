using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Evidence;

/// <summary>Verify-evidence: the task tells what it found; a contradiction fails the operation, what is not indexed or could not be checked leaves it incomplete.</summary>
internal sealed class EvidenceCheckPlan : OperationPlan
{
    public override OperationKind Kind => OperationKind.VerifyEvidence;

    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks)
    {
        var report = tasks.Select(task => task.Result?.Evidence).FirstOrDefault(found => found is not null);
        var bad = report?.Checks.Where(check => check.ProblemCount > 0).ToList() ?? [];
        var conclusion = Conclusion.Of(tasks);
        return bad.Count > 0 ? Conclusion.Failed(Failure(bad.Sum(check => check.ProblemCount), bad[0].Problems[0]))
            : conclusion.Outcome == Outcome.Incomplete ? conclusion with { Error = Conclusion.Missing(string.Join("; ", tasks[0].Result!.Missing.Select(item => item.Reason)), "Do what the report says, then check again.") }
            : conclusion;
    }

    private static ErrorInfo Failure(long count, string first) => new BackupException(
        ErrorCodes.EvidenceCheckFailed, $"the evidence locker has {count} {(count == 1 ? "problem" : "problems")}: {first}{(count > 1 ? $"; and {count - 1} more" : "")}").ToInfo();
}
