using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Archives;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Status;

namespace StellaOps.Backup.Coordinator.Api;

/// <summary>Points that go to cold storage: what would go, and operations that move them.</summary>
internal static class ArchiveEndpoints
{
    public static IEndpointRouteBuilder MapArchives(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(Routes.ArchivesPreview, (ArchiveRequest request, ArchiveDecisions decisions, CancellationToken cancellationToken) => decisions.DecideAsync(request, cancellationToken))
            .RequireAuthorization(Scopes.Read).WithTags("archives");
        routes.MapPost(Routes.Archives, RunAsync).RequireAuthorization(Scopes.Admin).WithTags("archives");
        routes.MapGet(Routes.Archives + "/{operationId:guid}", FindAsync).RequireAuthorization(Scopes.Read).WithTags("archives");
        return routes;
    }

    private static async Task<Accepted<OperationView>> RunAsync(
        ArchiveRequest request, HttpContext context, OperationAcceptance acceptance, ArchiveDrafts drafts, OperationViews views, CancellationToken cancellationToken)
    {
        var manifests = await drafts.CheckAsync(request, cancellationToken);
        var operation = await acceptance.AcceptAsync(CallerOf.Request(context, request), token => drafts.DraftAsync(request, manifests, token), cancellationToken);
        return await AcceptedAnswer.OfAsync(operation, views, cancellationToken);
    }

    private static async Task<RetentionReport> FindAsync(Guid operationId, CatalogContext catalog, OperationViews views, CancellationToken cancellationToken)
    {
        var run = await catalog.RetentionRuns.AsNoTracking().SingleOrDefaultAsync(row => row.OperationId == operationId, cancellationToken);
        if (run?.Report is not { Destination: not null } report)
        {
            throw new BackupException(ErrorCodes.OperationNotFound, $"operation {operationId} archives nothing", "'stella operation list' shows operations.");
        }

        var key = ArchivedForgetting.Key(operationId);
        var forgetting = await catalog.Operations.AsNoTracking().SingleOrDefaultAsync(operation => operation.IdempotencyKey == key, cancellationToken);
        return report with
        {
            Operation = await views.FindAsync(operationId, cancellationToken),
            Forgetting = forgetting is null ? null : await views.FindAsync(forgetting.CorrelationId, cancellationToken),
        };
    }
}
