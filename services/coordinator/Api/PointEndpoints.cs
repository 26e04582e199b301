using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Protection;
using StellaOps.Backup.Coordinator.Status;
using StellaOps.Backup.Coordinator.Verification;

namespace StellaOps.Backup.Coordinator.Api;

/// <summary>Recovery points: list, look, pin and hold.</summary>
internal static class PointEndpoints
{
    public static IEndpointRouteBuilder MapPoints(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup(Routes.Points).WithTags("points");
        group.MapGet("", ListAsync).RequireAuthorization(Scopes.Read);
        group.MapGet("/{nameOrId}", FindAsync).RequireAuthorization(Scopes.Read);
        group.MapPost("/{nameOrId}/verifications", LogVerificationAsync).RequireAuthorization(Scopes.Run);
        MapChange("pin", Scopes.Run, protection => protection.PinAsync);
        MapChange("unpin", Scopes.Admin, protection => protection.UnpinAsync);
        MapChange("hold", Scopes.Admin, protection => protection.HoldAsync);
        MapChange("release", Scopes.Admin, protection => protection.ReleaseAsync);
        return routes;

        void MapChange(string name, string scope, Func<PointProtection, ProtectionChange> change) => group.MapPost(
            $"/{{nameOrId}}/{name}",
            (string nameOrId, ProtectionRequest request, HttpContext context, PointProtection protection, CancellationToken cancellationToken) =>
                change(protection)(nameOrId, request, CallerOf.Subject(context), cancellationToken)).RequireAuthorization(scope);
    }

    private delegate Task<PointView> ProtectionChange(string nameOrId, ProtectionRequest request, string who, CancellationToken cancellationToken);

    private static async Task<PointView> FindAsync(string nameOrId, PointCatalog points, CancellationToken cancellationToken) =>
        (await points.FindAsync(nameOrId, cancellationToken, deletingToo: true)).ToView();

    private static Task<EventView> LogVerificationAsync(
        string nameOrId, LogVerificationRequest request, HttpContext context, VerificationLog log, CancellationToken cancellationToken) =>
        log.AddAsync(nameOrId, request, CallerOf.Subject(context), cancellationToken);

    private static async Task<Page<PointView>> ListAsync(
        string? type,
        string? cluster,
        DateTimeOffset? since,
        bool? unverified,
        [FromQuery(Name = "protected")] bool? isProtected,
        [FromQuery(Name = "page_size")] int? pageSize,
        [FromQuery(Name = "page_token")] string? pageToken,
        PointCatalog points,
        CancellationToken cancellationToken)
    {
        var size = Paging.Size(pageSize);
        var rows = Filter(points.All, type, since);
        Component? component = type is null or Components.Full ? null : CallerOf.ComponentsOf([type])[0];
        var found = new List<PointRow>();
        var cursor = Paging.Read(pageToken);
        while (found.Count <= size)
        {
            // What a point holds is in its manifest, whether it is unverified follows from its proofs, and holds are in one column: read on until the page is full.
            var batch = await After(rows, cursor).Take(size + 1).ToListAsync(cancellationToken);
            found.AddRange(batch.Where(point => Holds(point, component, cluster)
                && (unverified != true || PointProof.Of(point) == PointProof.Unverified) && (isProtected != true || point.IsProtected())));
            if (batch.Count <= size)
            {
                break;
            }

            cursor = (batch[^1].FinishedAt, batch[^1].Id);
        }

        return new Page<PointView>
        {
            Items = [.. found.Take(size).Select(point => point.ToView())],
            NextPageToken = found.Count > size ? Paging.Token(found[size - 1].FinishedAt, found[size - 1].Id) : null,
        };
    }

    private static IQueryable<PointRow> Filter(IQueryable<PointRow> rows, string? type, DateTimeOffset? since)
    {
        if (since is { } time)
        {
            var utc = time.ToUniversalTime();
            rows = rows.Where(point => point.FinishedAt >= utc);
        }

        return type == Components.Full ? rows.Where(point => point.Full) : rows;
    }

    /// <summary>Also what is archived is held.</summary>
    private static bool Holds(PointRow point, Component? component, string? cluster)
    {
        var parts = point.Manifest.Components.Select(snapshot => new Part(snapshot.Component, snapshot.Cluster)).ToList();
        return (component is null || parts.Exists(part => part.Component == component)) && (cluster is null || parts.Contains(new Part(Component.Database, cluster)));
    }

    private static IQueryable<PointRow> After(IQueryable<PointRow> rows, (DateTimeOffset At, Guid Id)? cursor)
    {
        if (cursor is var (at, id))
        {
            rows = rows.Where(point => point.FinishedAt < at || (point.FinishedAt == at && point.Id.CompareTo(id) < 0));
        }

        return rows.OrderByDescending(point => point.FinishedAt).ThenByDescending(point => point.Id);
    }
}
