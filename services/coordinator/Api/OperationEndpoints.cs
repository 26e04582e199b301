using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Events;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Status;

namespace StellaOps.Backup.Coordinator.Api;

/// <summary>Operations: look, follow, cancel.</summary>
internal static class OperationEndpoints
{
    public static IEndpointRouteBuilder MapOperations(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup(Routes.Operations).WithTags("operations");
        group.MapGet("", ListAsync).RequireAuthorization(Scopes.Read);
        group.MapGet("/{id:guid}", FindAsync).RequireAuthorization(Scopes.Read);
        group.MapGet("/{id:guid}/events", FollowAsync).RequireAuthorization(Scopes.Read);
        group.MapPost("/{id:guid}/cancel", CancelAsync).RequireAuthorization(Scopes.Run);
        return routes;
    }

    private static async Task<Page<OperationView>> ListAsync(
        bool? running,
        string? kind,
        [FromQuery(Name = "page_size")] int? pageSize,
        [FromQuery(Name = "page_token")] string? pageToken,
        CatalogContext catalog,
        OperationViews views,
        CancellationToken cancellationToken)
    {
        var size = Paging.Size(pageSize);
        var rows = catalog.Operations.AsNoTracking().Where(operation => running != true || operation.CurrentState != nameof(OperationState.Finished));
        if (kind is not null)
        {
            var only = CallerOf.KindOf(kind);
            rows = rows.Where(operation => operation.Kind == only);
        }

        if (Paging.Read(pageToken) is var (at, id))
        {
            rows = rows.Where(operation => operation.AcceptedAt < at || (operation.AcceptedAt == at && operation.CorrelationId.CompareTo(id) < 0));
        }

        var page = await rows.OrderByDescending(operation => operation.AcceptedAt).ThenByDescending(operation => operation.CorrelationId).Take(size + 1).ToListAsync(cancellationToken);
        var items = page.Take(size).ToList();
        return new Page<OperationView>
        {
            Items = await views.ViewsAsync(items, cancellationToken),
            NextPageToken = page.Count > size ? Paging.Token(items[^1].AcceptedAt, items[^1].CorrelationId) : null,
        };
    }

    private static async Task<OperationView> FindAsync(Guid id, OperationViews views, CancellationToken cancellationToken) =>
        await views.FindAsync(id, cancellationToken) ?? throw NotFound(id);

    private static async Task<ServerSentEventsResult<string>> FollowAsync(
        Guid id,
        [FromHeader(Name = "Last-Event-ID")] string? lastEventId,
        OperationViews views,
        OperationStream stream,
        HttpContext context,
        CancellationToken cancellationToken)
    {
        if (await views.FindAsync(id, cancellationToken) is null)
        {
            throw NotFound(id);
        }

        // Nothing between here and the reader may wait for more before it passes on what there is.
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        var after = long.TryParse(lastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) ? sequence : 0;
        return TypedResults.ServerSentEvents(stream.ReadAsync(id, after, cancellationToken));
    }

    private static async Task<OperationView> CancelAsync(Guid id, HttpContext context, OperationCancellation cancellation, OperationViews views, CancellationToken cancellationToken) =>
        await views.OfAsync(await cancellation.CancelAsync(id, CallerOf.Subject(context), cancellationToken), cancellationToken);

    private static BackupException NotFound(Guid id) => new(ErrorCodes.OperationNotFound, $"there is no operation {id}");
}
