using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Catalog;

namespace StellaOps.Backup.Coordinator.Undeletion;

/// <summary>Points that were dropped, as a whole or in part, while they can be brought back.</summary>
internal sealed class ForgottenPoints(CatalogContext catalog, TimeProvider clock)
{
    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<ForgottenPoint>> ReadAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var rows = await catalog.Forgotten.AsNoTracking().Where(row => row.Until > now).ToListAsync(cancellationToken);
        return [.. rows.GroupBy(row => row.PointId).Select(group => new ForgottenPoint(group.Key, [.. group.OrderBy(row => row.Part)])).OrderByDescending(point => point.Manifest.FinishedAt)];
    }

    /// <exception cref="BackupException"><c>point.not-found</c>, or <c>input.invalid</c> where several had the name.</exception>
    public async Task<ForgottenPoint> FindAsync(string nameOrId, CancellationToken cancellationToken)
    {
        var all = await ReadAsync(cancellationToken);
        var named = all.Where(point => point.Manifest.Name == nameOrId).ToList();
        return named switch
        {
            [var only] => only,
            [] => all.FirstOrDefault(point => Guid.TryParse(nameOrId, out var id) && point.Id == id) ?? throw new BackupException(
                ErrorCodes.PointNotFound,
                $"nothing of a recovery point '{nameOrId}' can be brought back: it was not dropped, or its bytes are free again",
                "'stella backup undelete --list' shows what can be."),
            _ => throw new BackupException(
                ErrorCodes.InvalidInput,
                $"several recovery points that were dropped had the name '{nameOrId}': {string.Join(", ", named.Select(point => $"{point.Id} of {point.Manifest.FinishedAt:u}"))}",
                "Name the one that is meant by its id."),
        };
    }

    public async Task<Page<ForgottenPointView>> ListAsync(CancellationToken cancellationToken) => new()
    {
        Items = [.. (await ReadAsync(cancellationToken)).Select(point => new ForgottenPointView
        {
            Id = point.Id,
            Name = point.Manifest.Name,
            TakenAt = point.Manifest.StartedAt,
            Until = point.Until,
            Parts = [.. point.Rows.Select(row => new ForgottenPartView
            {
                Component = row.Component, Cluster = row.Part.Cluster, Bytes = row.Snapshot.Bytes, ForgottenAt = row.ForgottenAt, Until = row.Until,
            })],
        })],
    };
}
