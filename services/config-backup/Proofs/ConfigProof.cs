using StellaOps.Backup.ConfigBackup.Scanning;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Proofs;
using StellaOps.Backup.Workers.Repositories;
using StellaOps.Backup.Workers.Targets;

namespace StellaOps.Backup.ConfigBackup.Proofs;

/// <summary>Test-restore of configuration: the copy equals the snapshot and holds no known secret pattern.</summary>
internal sealed class ConfigProof(ComponentRepositories repositories, CopyProof proof, TimeProvider clock)
{
    public async Task<TaskResult> RunAsync(TaskContext context, TestRestoreSpec spec, CancellationToken cancellationToken)
    {
        TargetClaim.Check(spec.TargetDirectory, context.TaskId);
        await using var opened = await repositories.OpenAsync(Component.Config, cancellationToken);
        var snapshot = await opened.LoadSnapshotAsync(spec.SnapshotId, cancellationToken);
        var work = new CopyProofWork { Component = Component.Config, Snapshot = snapshot, TargetDirectory = spec.TargetDirectory };
        if (spec.DryRun)
        {
            return proof.Plan(work);
        }

        await using var copy = await proof.RunAsync(opened, work, context, cancellationToken);
        var startedAt = clock.GetTimestamp();
        var scan = await SecretScan.RunAsync(copy.Entries, cancellationToken);
        copy.Complete();
        return new TaskResult
        {
            Outcome = Outcome.Complete,
            Proof = copy.ToProof([scan.Finding], [new PhaseTime("scan", clock.GetElapsedTime(startedAt))]),
        };
    }
}
