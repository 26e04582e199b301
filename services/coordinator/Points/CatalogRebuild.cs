using Microsoft.EntityFrameworkCore;
using Npgsql;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Protection;
using StellaOps.Backup.Points.Storing;

namespace StellaOps.Backup.Coordinator.Points;

/// <summary>
/// Lists the manifests of the location that the catalog does not know, with their pins and legal holds, at every start: after the loss of the catalog, on
/// a new installation, and after a crash in the middle of this. When it has ended, the retention may run.
/// </summary>
internal sealed partial class CatalogRebuild(IServiceScopeFactory scopes, PointStore points, RebuildGate gate, TimeProvider clock, ILogger<CatalogRebuild> logger)
    : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await RunAsync(stoppingToken);
                return;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Location or catalog away: the loop of a hosted service must outlive it. What was listed so far stays.
                LogPostponed(logger, e.Message);
                await Task.Delay(RetryDelay, clock, stoppingToken);
            }
        }
    }

    /// <returns>How many points were listed anew.</returns>
    internal async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var known = await KnownAsync(cancellationToken);
        var protections = await ProtectAsync(known, cancellationToken);
        var listed = 0;
        foreach (var stored in await points.ListAsync(cancellationToken))
        {
            if (!known.Contains(stored.Id) && await TryListAsync(stored, protections.GetValueOrDefault(stored.Id), cancellationToken))
            {
                listed++;
            }
        }

        if (listed > 0)
        {
            LogRebuilt(logger, listed);
        }

        gate.Open();
        return listed;
    }

    private async Task<HashSet<Guid>> KnownAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var catalog = scope.ServiceProvider.GetRequiredService<CatalogContext>();
        return [.. await catalog.Points.Select(point => point.Id).ToListAsync(cancellationToken)];
    }

    /// <summary>First those that are known, to a catalog that was restored to an earlier state, say: nothing may drop them meanwhile.</summary>
    private async Task<IReadOnlyDictionary<Guid, ProtectionCopy>> ProtectAsync(HashSet<Guid> known, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var copies = scope.ServiceProvider.GetRequiredService<ProtectionCopies>();
        var protections = await copies.ReadAsync(cancellationToken);
        await copies.AdoptAsync(protections.Values.Where(copy => known.Contains(copy.PointId)), cancellationToken);
        return protections;
    }

    private async Task<bool> TryListAsync(StoredPoint stored, ProtectionCopy? protection, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        try
        {
            var point = PointRow.From(await points.LoadAsync(stored, cancellationToken));
            if (protection is not null)
            {
                ProtectionCopies.Adopt(point, protection);
            }

            await scope.ServiceProvider.GetRequiredService<PointCatalog>().AddAsync(point, cancellationToken);
            return true;
        }
        catch (BackupException e) when (e.Error != ErrorCodes.StorageUnavailable)
        {
            // One manifest that is damaged or signed by a stranger must not hide the others.
            LogBad(logger, e.Error.Code, e.Message);
            return false;
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } taken)
        {
            // Listed meanwhile by the operation that seals it or by another coordinator, or its name is taken. Whatever else the catalog refuses is no such thing: then all of this is done again.
            LogBad(logger, stored.Key, taken.MessageText);
            return false;
        }
    }

    [LoggerMessage(1, LogLevel.Information, "{Count} recovery points that the catalog did not know were listed from the location")]
    private static partial void LogRebuilt(ILogger logger, int count);

    [LoggerMessage(2, LogLevel.Warning, "a manifest is not listed: {Code}: {Reason}")]
    private static partial void LogBad(ILogger logger, string code, string reason);

    [LoggerMessage(3, LogLevel.Warning, "the location could not be compared with the catalog yet: {Reason}")]
    private static partial void LogPostponed(ILogger logger, string reason);
}
