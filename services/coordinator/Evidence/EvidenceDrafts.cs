using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.Evidence;

/// <summary>What requests about the evidence locker come to: one task for a worker that sees it.</summary>
internal sealed class EvidenceDrafts(WorkerDirectory workers)
{
    private const string Quick = "quick", Full = "full";
    private static readonly Part Locker = new(Component.Evidence, null);

    public Task<OperationDraft> DraftAsync(EvidenceCheckRequest request, CancellationToken cancellationToken) => (request.Mode ?? Quick) switch
    {
        Quick => CheckAsync(new EvidenceCheckSpec { Index = true, Full = false }, cancellationToken),
        Full => CheckAsync(new EvidenceCheckSpec { Index = true, Full = true }, cancellationToken),
        var mode => throw new BackupException(ErrorCodes.InvalidInput, $"'{mode}' is no mode", $"There are {Quick} and {Full}."),
    };

    public Task<OperationDraft> DraftAsync(AnchorCheckRequest request, CancellationToken cancellationToken) =>
        CheckAsync(new EvidenceCheckSpec { Index = false, Full = true, LatestAnchor = request.Latest }, cancellationToken);

    public async Task<OperationDraft> DraftAsync(RebuildIndexRequest request, CancellationToken cancellationToken)
    {
        await RequireWorkerAsync(cancellationToken);
        return new OperationDraft
        {
            Kind = OperationKind.RebuildIndex,
            Components = [Component.Evidence],
            Request = new OperationRequest { DryRun = request.DryRun, Reason = request.Reason },
            Tasks = [new TaskDraft { Part = Locker, Stage = 1, RebuildIndex = new RebuildIndexSpec { DryRun = request.DryRun } }],
        };
    }

    private async Task<OperationDraft> CheckAsync(EvidenceCheckSpec spec, CancellationToken cancellationToken)
    {
        await RequireWorkerAsync(cancellationToken);
        return new OperationDraft
        {
            Kind = OperationKind.VerifyEvidence,
            Components = [Component.Evidence],
            Tasks = [new TaskDraft { Part = Locker, Stage = 1, EvidenceCheck = spec }],
        };
    }

    private async Task RequireWorkerAsync(CancellationToken cancellationToken)
    {
        if (!(await workers.ConfiguredAsync(cancellationToken)).Contains(Locker))
        {
            throw new BackupException(ErrorCodes.NotConfigured, "no worker is configured for evidence", "Start the worker of the evidence locker: 'stella service health' shows which are there.");
        }
    }
}
