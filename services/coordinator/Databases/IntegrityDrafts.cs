using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Operations;

namespace StellaOps.Backup.Coordinator.Databases;

/// <summary>What a request to check the running database comes to.</summary>
internal sealed class IntegrityDrafts(DatabaseChoice databases, DatabasePoints points)
{
    // More are of no use: the worker wants the newest one that the cluster descends from.
    private const int Points = 200;

    public async Task<OperationDraft> DraftAsync(VerifyIntegrityRequest request, CancellationToken cancellationToken)
    {
        var part = await databases.ChooseAsync(request.Cluster, cancellationToken);
        var whole = await points.WholeAsync(part, cancellationToken);
        return new OperationDraft
        {
            Kind = OperationKind.VerifyIntegrity,
            Components = [Component.Database],
            Tasks = [new TaskDraft { Part = part, Stage = 1, Integrity = new IntegritySpec { Points = [.. whole.Take(Points)] } }],
        };
    }
}
