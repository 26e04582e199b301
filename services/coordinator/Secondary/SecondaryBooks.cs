using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Secondary;

/// <summary>
/// Holds the catalog's books of the secondary location against the location itself: at the start, every hour, and whenever it is another one. A point whose
/// manifest is not there any more is copied again.
/// </summary>
internal sealed partial class SecondaryBooks(SecondaryLocation secondary, IServiceScopeFactory scopes, TimeProvider clock, ILogger<SecondaryBooks> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private string? _comparedWith, _rules;
    private DateTimeOffset _comparedAt;

    /// <summary>Id of the location that they were compared with last; null before that.</summary>
    public string? LocationId => _comparedWith;

    /// <summary>Whether the last comparison is long ago.</summary>
    public bool AreDue => clock.GetUtcNow() - _comparedAt >= Interval;

    /// <summary>Reads which location it is, creating it where there is none, and corrects the books where that is due.</summary>
    /// <returns>Whether they were wrong.</returns>
    /// <exception cref="StorageException">The secondary location cannot be read or written.</exception>
    /// <exception cref="BackupException">Its points cannot be listed.</exception>
    public async Task<bool> CompareAsync(CancellationToken cancellationToken)
    {
        var location = await LocationFile.FindAsync(secondary.Store!, cancellationToken) ?? await MakeAsync(cancellationToken);
        if (_comparedWith == location.Id && !AreDue)
        {
            return false;
        }

        var there = (await secondary.Points.ListAsync(cancellationToken)).Select(point => point.Id).ToHashSet();
        await using var scope = scopes.CreateAsyncScope();
        var catalog = scope.ServiceProvider.GetRequiredService<CatalogContext>();
        var rows = await catalog.Replicas.AsNoTracking().Select(row => new { row.PointId, row.LocationId }).ToListAsync(cancellationToken);
        var wrong = rows.Where(row => row.LocationId != location.Id || !there.Contains(row.PointId)).Select(row => row.PointId).ToList();
        var known = await catalog.Points.Where(point => wrong.Contains(point.Id)).Select(point => point.Id).ToListAsync(cancellationToken);
        var others = rows.Where(row => row.LocationId != location.Id).Select(row => row.PointId).ToList();

        // A row without its point waits for its snapshots to be dropped; its manifest went first.
        var forgotten = await catalog.Replicas.Where(row => known.Contains(row.PointId) || others.Contains(row.PointId)).ExecuteDeleteAsync(cancellationToken);
        if (forgotten > 0)
        {
            LogCorrected(logger, forgotten, secondary.Store!.Description);
        }

        (_comparedWith, _comparedAt, _rules) = (location.Id, clock.GetUtcNow(), null);
        return forgotten > 0;
    }

    /// <summary>A directory that has had copies is empty when its disk is not mounted: what was copied into it now would be nowhere when the disk is back.</summary>
    private async Task<LocationFile> MakeAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return secondary.IsDirectory && await scope.ServiceProvider.GetRequiredService<CatalogContext>().Replicas.AnyAsync(cancellationToken)
            ? throw new StorageException(
                StorageFailure.Unavailable, $"{secondary.Store!.Description} was the secondary location, and is none now: it has no {LocationFile.Key}. Mount it, or correct Secondary:Url. {LocationFile.Remedy[1]}")
            : await LocationFile.EnsureAsync(secondary.Store!, cancellationToken);
    }

    /// <summary>Writes the rules of the retention there when they have changed, and after each comparison.</summary>
    /// <exception cref="BackupException">One of the locations failed.</exception>
    public async Task SaveRulesAsync(SecondaryObjects objects, CancellationToken cancellationToken) =>
        _rules = await objects.SaveRulesAsync(_rules, cancellationToken) ?? _rules;

    [LoggerMessage(1, LogLevel.Warning, "{Count} points are not in {Location} any more, and are copied again")]
    private static partial void LogCorrected(ILogger logger, int count, string location);
}
