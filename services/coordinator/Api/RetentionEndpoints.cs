using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Coordinator.Status;

namespace StellaOps.Backup.Coordinator.Api;

/// <summary>Retention: its rules, what they would drop, and runs that drop it.</summary>
internal static class RetentionEndpoints
{
    public static IEndpointRouteBuilder MapRetention(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Retention, (RetentionRules rules, CancellationToken cancellationToken) => rules.ViewAsync(cancellationToken))
            .RequireAuthorization(Scopes.Read).WithTags("retention");
        routes.MapPost(Routes.Retention, SetAsync).RequireAuthorization(Scopes.Admin).WithTags("retention");
        routes.MapPost(Routes.RetentionPreview, (RetentionRequest request, RetentionDrafts drafts, CancellationToken cancellationToken) =>
            drafts.PreviewAsync(request, CallerOf.ComponentsOf(request.Types), cancellationToken)).RequireAuthorization(Scopes.Read).WithTags("retention");
        routes.MapPost(Routes.RetentionRuns, RunAsync).RequireAuthorization(Scopes.Admin).WithTags("retention");
        routes.MapGet(Routes.RetentionRuns + "/{operationId:guid}", FindAsync).RequireAuthorization(Scopes.Read).WithTags("retention");
        return routes;
    }

    private static async Task<RetentionView> SetAsync(SetRetentionRequest request, HttpContext context, RetentionRules rules, CancellationToken cancellationToken)
    {
        if (request.Types.Count == 0)
        {
            throw new BackupException(ErrorCodes.InvalidInput, "no component is named", "Name components, or 'full' for all.");
        }

        await rules.SetAsync(request, CallerOf.ComponentsOf(request.Types), CallerOf.Subject(context), cancellationToken);
        return await rules.ViewAsync(cancellationToken);
    }

    private static async Task<Accepted<OperationView>> RunAsync(
        RetentionRequest request, HttpContext context, OperationAcceptance acceptance, RetentionDrafts drafts, OperationViews views, CancellationToken cancellationToken)
    {
        var components = CallerOf.ComponentsOf(request.Types);
        var operation = await acceptance.AcceptAsync(CallerOf.Request(context, request), token => drafts.DraftAsync(request, components, token), cancellationToken);
        return await AcceptedAnswer.OfAsync(operation, views, cancellationToken);
    }

    private static async Task<RetentionReport> FindAsync(Guid operationId, CatalogContext catalog, OperationViews views, CancellationToken cancellationToken) =>
        await catalog.RetentionRuns.AsNoTracking().SingleOrDefaultAsync(row => row.OperationId == operationId, cancellationToken) is { Report.Destination: null } run
            ? run.Report with { Operation = await views.FindAsync(operationId, cancellationToken) }
            : throw new BackupException(ErrorCodes.OperationNotFound, $"operation {operationId} is no run of the retention", "'stella operation list' shows operations.");
}
