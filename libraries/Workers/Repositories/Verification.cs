using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Repository;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Workers.Failures;

namespace StellaOps.Backup.Workers.Repositories;

/// <summary>Verify, the same for all components: reads every byte that one snapshot needs.</summary>
internal sealed class Verification(ComponentRepositories repositories, TimeProvider clock)
{
    public async Task<TaskResult> RunAsync(TaskContext context, Component component, VerifySpec spec, CancellationToken cancellationToken)
    {
        var opened = await repositories.OpenAsync(component, spec.Source, cancellationToken).ConfigureAwait(false);
        await using (opened.ConfigureAwait(false))
        {
            var id = await opened.ResolveIdAsync(spec.SnapshotId, cancellationToken).ConfigureAwait(false);
            var startedAt = clock.GetTimestamp();
            context.Progress.Begin("verify");
            var request = new VerifyRequest { Snapshots = [id], Remember = spec.Source is null, OnProgress = Progress(context) };
            var report = await opened.Repository.VerifyAsync(request, cancellationToken).ConfigureAwait(false);
            var phase = new PhaseTime("verify", clock.GetElapsedTime(startedAt));
            await ThrowIfDamagedAsync(context, spec, opened.Repository, id, report.Damages, cancellationToken).ConfigureAwait(false);

            var snapshot = await opened.Repository.LoadSnapshotAsync(id, cancellationToken).ConfigureAwait(false);
            var finding = $"{report.Packs} packs and {report.Blobs} blobs read back; every hash and authentication code is right";
            context.Log.Info($"{component.Name()}: {finding}");
            return new TaskResult
            {
                Outcome = Outcome.Complete,
                Proof = new ProofResult
                {
                    Depth = ProofDepth.Verified,
                    FilesChecked = snapshot.Summary?.TotalFilesProcessed ?? 0,
                    BytesChecked = report.BytesRead,
                    Phases = [phase],
                    Findings = [finding],
                },
            };
        }
    }

    /// <summary>Damage that this snapshot does not need is worth a line, not a failure of its proof.</summary>
    private static async Task ThrowIfDamagedAsync(
        TaskContext context, VerifySpec spec, ResticRepository repository, BlobId id, IReadOnlyList<RepositoryDamage> damages, CancellationToken cancellationToken)
    {
        foreach (var harmless in damages.Where(damage => !damage.Snapshots.Contains(id)))
        {
            context.Log.Warning($"damaged, but not needed by {spec.PointName}: {harmless.Object}: {harmless.Detail}");
        }

        var harmful = damages.Where(damage => damage.Snapshots.Contains(id)).ToList();
        if (harmful.Count > 0)
        {
            // Points of earlier epochs name the snapshots by the id that they had there.
            var firstIds = await repository.FirstIdsAsync(cancellationToken).ConfigureAwait(false);
            var described = harmful.ConvertAll(damage => DamageList.Describe(damage, firstIds));
            var more = harmful.Count == 1 ? "" : $" (and {harmful.Count - 1} more)";
            throw new DamagedException($"{spec.PointName} is damaged: {described[0].Item}: {described[0].Detail}{more}", described);
        }
    }

    private static Action<VerifyProgress> Progress(TaskContext context)
    {
        long packs = 0, bytes = 0;
        var begun = false;
        return now =>
        {
            if (!begun)
            {
                begun = true;
                context.Progress.Begin("verify", now.PacksTotal, now.BytesTotal);
            }

            context.Progress.Add(now.Packs - packs, now.Bytes - bytes);
            (packs, bytes) = (now.Packs, now.Bytes);
        };
    }
}
