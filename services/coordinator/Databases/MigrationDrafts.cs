using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Contracts.Tasks;
using StellaOps.Backup.Coordinator.Operations;

namespace StellaOps.Backup.Coordinator.Databases;

/// <summary>What a request to migrate comes to.</summary>
internal sealed class MigrationDrafts(DatabaseChoice databases, DatabasePoints points)
{
    public async Task<OperationDraft> DraftAsync(MigrateRequest request, CancellationToken cancellationToken)
    {
        var part = await databases.ChooseAsync(request.Cluster, cancellationToken);
        var newest = await points.NewestAsync(part, cancellationToken);
        return new OperationDraft
        {
            Kind = OperationKind.Migrate,
            Components = [Component.Database],
            Request = new OperationRequest { DryRun = request.DryRun, Reason = request.Reason },
            Details = request.DryRun ? "dry run" : request.WithMigration ? "what is pending is applied" : "nothing is applied",
            Tasks =
            [
                new TaskDraft { Part = part, Stage = 1, Migration = new MigrationSpec { WithMigration = request.WithMigration, DryRun = request.DryRun, Newest = newest } },
            ],
        };
    }
}
