using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Tasks;

namespace StellaOps.Backup.Coordinator.Databases;

/// <summary>Verify-integrity: the task tells what it found; a contradiction fails the operation, what could not be checked leaves it incomplete.</summary>
internal sealed class IntegrityPlan : OperationPlan
{
    public override OperationKind Kind => OperationKind.VerifyIntegrity;

    public override Conclusion Conclude(Operation operation, IReadOnlyList<TaskRow> tasks)
    {
        var bad = tasks.SelectMany(task => task.Result?.Integrity?.Checks ?? []).Where(check => check.ProblemCount > 0).ToList();
        return bad.Count > 0 ? Conclusion.Failed(Failure(bad.Sum(check => check.ProblemCount), bad[0].Problems[0])) : Unchecked(Conclusion.Of(tasks), tasks);
    }

    private static ErrorInfo Failure(long count, string first) => new BackupException(
        ErrorCodes.IntegrityCheckFailed, $"the database has {count} {(count == 1 ? "problem" : "problems")}: {first}{(count > 1 ? $"; and {count - 1} more" : "")}").ToInfo();

    private static Conclusion Unchecked(Conclusion conclusion, IReadOnlyList<TaskRow> tasks) => conclusion.Outcome == Outcome.Incomplete
        ? conclusion with
        {
            Error = Conclusion.Missing(
                $"{tasks.Sum(task => task.Result?.MissingCount)} checks could not be made, the others found nothing wrong", "Do what the report says for each of them, then check again."),
        }
        : conclusion;
}
