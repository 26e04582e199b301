using Microsoft.EntityFrameworkCore;
using Npgsql;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Protection;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Points.Storing;

namespace StellaOps.Backup.Coordinator.Points;

/// <summary>
/// Makes the catalog what the location says, at every start: after the loss of the catalog, on a new installation, after a catalog or a location was put back from
/// an earlier state, and after a crash in the middle of this; and when a catalog was put back under the running coordinator. Points that the catalog does not know are listed, with their pins and legal holds; those that it
/// knows otherwise follow their manifests; those that the location does not have go. Rules of the retention that the location keeps longer count again. When it has
/// ended, the retention may run.
/// </summary>
internal sealed partial class CatalogRebuild(IServiceScopeFactory scopes, PointStore points, RebuildGate gate, TimeProvider clock, ILogger<CatalogRebuild> logger)
    : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(10);

    /// <summary>Whether the catalog was put back is looked for so often. What is about to drop something looks itself.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                if (!await IsKnownAsync(stoppingToken))
                {
                    await RunAsync(stoppingToken);
                }

                await Task.Delay(LookInterval, clock, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Location or catalog away: the loop of a hosted service must outlive it. What was listed so far stays.
                LogPostponed(logger, e.Message);
                await Task.Delay(RetryDelay, clock, stoppingToken);
            }
        }
    }

    /// <returns>How many points were listed anew, changed or taken from the list.</returns>
    internal async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var reached = await NewestAsync(cancellationToken);
        var known = await KnownAsync(cancellationToken);
        var protections = await ProtectAsync(known, cancellationToken);
        var there = await points.ListAsync(cancellationToken);
        var changed = 0;
        // First, for a later point may have the name of one that is gone.
        foreach (var id in Absent(known, there))
        {
            changed += await TryAsync($"{id}", scope => scope.GetRequiredService<StalePoints>().UnlistAsync(id, cancellationToken)) ? 1 : 0;
        }

        foreach (var stored in there)
        {
            changed += await TryAsync(stored.Key, scope => known.Contains(stored.Id)
                ? scope.GetRequiredService<StalePoints>().RenewAsync(stored, cancellationToken)
                : ListAsync(scope, stored, protections.GetValueOrDefault(stored.Id), cancellationToken)) ? 1 : 0;
        }

        if (changed > 0)
        {
            LogRebuilt(logger, changed);
        }

        await AdoptRulesAsync(cancellationToken);
        gate.Open(reached);
        return changed;
    }

    /// <summary>Whether the catalog is still the one that was compared with the location.</summary>
    private async Task<bool> IsKnownAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await gate.FollowAsync(scope.ServiceProvider.GetRequiredService<CatalogHistory>(), cancellationToken);
    }

    private async Task<CatalogPosition> NewestAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<CatalogHistory>().NewestAsync(cancellationToken);
    }

    /// <summary>Points without a manifest. A location that has none at all is another one, that is not filled yet: what the catalog knows may still be needed.</summary>
    private IReadOnlyList<Guid> Absent(HashSet<Guid> known, IReadOnlyList<StoredPoint> there)
    {
        if (there.Count == 0 && known.Count > 0)
        {
            LogEmpty(logger, known.Count);
            return [];
        }

        return [.. known.Except(there.Select(stored => stored.Id))];
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

    private async Task AdoptRulesAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<RetentionRules>().AdoptCopyAsync(cancellationToken);
    }

    private async Task<bool> ListAsync(IServiceProvider scope, StoredPoint stored, ProtectionCopy? protection, CancellationToken cancellationToken)
    {
        var point = PointRow.From(await points.LoadAsync(stored, cancellationToken));
        if (protection is not null)
        {
            ProtectionCopies.Adopt(point, protection);
        }

        await scope.GetRequiredService<PointCatalog>().AddAsync(point, cancellationToken);
        return true;
    }

    private async Task<bool> TryAsync(string what, Func<IServiceProvider, Task<bool>> change)
    {
        await using var scope = scopes.CreateAsyncScope();
        try
        {
            return await change(scope.ServiceProvider);
        }
        catch (BackupException e) when (e.Error != ErrorCodes.StorageUnavailable)
        {
            // One manifest that is damaged or signed by a stranger must not hide the others.
            LogBad(logger, e.Error.Code, e.Message);
            return false;
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } taken)
        {
            // Listed meanwhile by the operation that seals it or by another coordinator. Whatever else the catalog refuses is no such thing: then all of this is done again.
            LogBad(logger, what, taken.MessageText);
            return false;
        }
    }

    [LoggerMessage(1, LogLevel.Information, "{Count} recovery points of the catalog were made what the location says")]
    private static partial void LogRebuilt(ILogger logger, int count);

    [LoggerMessage(2, LogLevel.Warning, "a manifest is not listed: {Code}: {Reason}")]
    private static partial void LogBad(ILogger logger, string code, string reason);

    [LoggerMessage(4, LogLevel.Warning, "the location has no recovery point at all, and the catalog knows {Count}: they stay listed until the location has one")]
    private static partial void LogEmpty(ILogger logger, int count);

    [LoggerMessage(3, LogLevel.Warning, "the location could not be compared with the catalog yet: {Reason}")]
    private static partial void LogPostponed(ILogger logger, string reason);
}
