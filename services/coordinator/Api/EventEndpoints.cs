using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Events;

namespace StellaOps.Backup.Coordinator.Api;

/// <summary>The log of all operations.</summary>
internal static class EventEndpoints
{
    private static readonly string[] Levels = ["info", "warning", "error"];

    public static IEndpointRouteBuilder MapEvents(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Events, ListAsync).RequireAuthorization(Scopes.Read).WithTags("operations");
        return routes;
    }

    private static async Task<Page<EventView>> ListAsync(
        DateTimeOffset? since,
        Guid? operation,
        string? kind,
        string? level,
        long? after,
        [FromQuery(Name = "page_size")] int? pageSize,
        [FromQuery(Name = "page_token")] string? pageToken,
        CatalogContext catalog,
        CancellationToken cancellationToken)
    {
        var size = Paging.Size(pageSize);
        var from = Paging.ReadNumber(pageToken) ?? after ?? 0;
        var rows = catalog.Events.AsNoTracking().Where(row => row.Sequence > from);
        if (since is { } time)
        {
            var utc = time.ToUniversalTime();
            rows = rows.Where(row => row.At >= utc);
        }

        if (operation is not null)
        {
            rows = rows.Where(row => row.OperationId == operation);
        }

        if (kind is not null)
        {
            var only = CallerOf.KindOf(kind);
            rows = rows.Where(row => row.Kind == only);
        }

        if (level is not null)
        {
            var wanted = AtLeast(level);
            rows = rows.Where(row => wanted.Contains(row.Level));
        }

        var page = await rows.OrderBy(row => row.Sequence).Take(size + 1).ToListAsync(cancellationToken);
        return new Page<EventView>
        {
            Items = [.. page.Take(size).Select(EventViews.ToView)],
            NextPageToken = page.Count > size ? page[size - 1].Sequence.ToString(CultureInfo.InvariantCulture) : null,
        };
    }

    private static string[] AtLeast(string level) => Array.IndexOf(Levels, level) is >= 0 and var index
        ? Levels[index..]
        : throw new BackupException(ErrorCodes.InvalidInput, $"'{level}' is not a level", "Known are info, warning and error.");
}
