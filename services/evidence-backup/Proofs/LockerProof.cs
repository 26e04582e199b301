using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Proofs;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Targets;

namespace StellaOps.Backup.EvidenceBackup.Proofs;

/// <summary>
/// Test-restore of evidence: every restored file is read and compared, and where a database was restored in the same
/// operation, every evidence file that it refers to must be among them.
/// </summary>
internal sealed class LockerProof(ComponentRepositories repositories, CopyProof proof, TimeProvider clock)
{
    public async Task<TaskResult> RunAsync(TaskContext context, TestRestoreSpec spec, CancellationToken cancellationToken)
    {
        TargetClaim.Check(spec.TargetDirectory, context.TaskId);
        await using var opened = await repositories.OpenAsync(Component.Evidence, cancellationToken);
        var snapshot = await opened.LoadSnapshotAsync(spec.SnapshotId, cancellationToken);
        var work = new CopyProofWork
        {
            Component = Component.Evidence,
            Snapshot = snapshot,
            Subtree = LockerPath.Of(snapshot),
            TargetDirectory = spec.TargetDirectory,
        };
        if (spec.DryRun)
        {
            return proof.Plan(work);
        }

        var startedAt = clock.GetTimestamp();
        IReadOnlyList<string> keys = spec.EvidenceReferencesKey is { } key ? [key, .. spec.MoreEvidenceReferencesKeys] : [];
        var references = keys.Count > 0 ? await ReferenceSet.ReadAsync(opened.Location, keys, cancellationToken) : null;
        var reading = clock.GetElapsedTime(startedAt);
        await using var copy = await proof.RunAsync(
            opened, references is null ? work : work with { OnEqualFile = references.Found }, context, cancellationToken);
        if (references is null)
        {
            copy.Complete();
            return Result(copy.ToProof([], []), [MissingReferences(spec)]);
        }

        ThrowIfMissing(context, references, spec.PointName);
        var finding = $"{references.Count} references of the database to evidence files checked: all are in the locker{references.HashNote}";
        context.Log.Info(finding);
        var result = Result(copy.ToProof([finding], [new PhaseTime("references", reading)]), []);

        // If the process dies now, the next attempt finds no list and says so.
        foreach (var read in keys)
        {
            await opened.Location.DeleteAsync(read, cancellationToken);
        }

        copy.Complete();

        return result;
    }

    private static MissingItem? MissingReferences(TestRestoreSpec spec) => spec.EvidenceReferencesKey is { } key
        ? new MissingItem { Path = key, Reason = "the list of the database's references to evidence is not there, so they were not checked" }
        : null;

    private static TaskResult Result(ProofResult proven, IEnumerable<MissingItem?> missing)
    {
        var items = missing.OfType<MissingItem>().ToList();
        return new TaskResult
        {
            Outcome = items.Count == 0 ? Outcome.Complete : Outcome.Incomplete,
            Missing = items,
            MissingCount = items.Count,
            Proof = proven,
        };
    }

    private static void ThrowIfMissing(TaskContext context, ReferenceSet references, string pointName)
    {
        if (references.Missing + references.Mismatched == 0)
        {
            return;
        }

        var message = $"of {references.Count} evidence files that the database of {pointName} refers to, {references.Missing} are not in its locker "
            + $"and {references.Mismatched} have another content";
        context.Log.Error(message);
        throw new BackupException(ErrorCodes.ProofFailed, message, "Take a new full backup, or find the evidence files; the restored database would refer to what is not there.");
    }
}
