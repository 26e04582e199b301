using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Coordinator.Audit;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Points;

/// <summary>
/// How far the catalog has come, by what is only ever added to it: the audit log tells of what people ask for, the events of what the coordinator does by itself, as when it
/// seals a scheduled backup. A catalog that lacks a row which was there is one that was put back.
/// </summary>
internal sealed class CatalogHistory(CatalogContext catalog, AuditLog audit)
{
    public async Task<CatalogPosition> NewestAsync(CancellationToken cancellationToken)
    {
        var row = await catalog.Events.AsNoTracking().OrderByDescending(row => row.Sequence)
            .Select(row => new { row.Sequence, row.At })
            .FirstOrDefaultAsync(cancellationToken);
        return new CatalogPosition(await audit.NewestAsync(cancellationToken), row?.Sequence ?? 0, row?.At ?? default);
    }

    /// <summary>Whether the rows that were reached are there as they were; the numbers of those that are gone are given again.</summary>
    public async Task<bool> HasAsync(CatalogPosition position, CancellationToken cancellationToken) =>
        await audit.HasAsync(position.Audit, cancellationToken)
        && (position.Event == 0 || await catalog.Events.AnyAsync(row => row.Sequence == position.Event && row.At == position.EventAt, cancellationToken));
}

/// <summary>The newest rows at some time.</summary>
/// <param name="Audit">Of the audit log.</param>
/// <param name="Event">Number of the newest event; 0 where there is none.</param>
/// <param name="EventAt">Its time.</param>
internal sealed record CatalogPosition(AuditPosition Audit, long Event, DateTimeOffset EventAt)
{
    public static CatalogPosition Start { get; } = new(AuditPosition.Start, 0, default);
}
