using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Audit;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Retention;

/// <summary>
/// The rules: those of the catalog over the defaults. A copy is in the location, so that a catalog that was lost does not come back with
/// rules that are shorter than what was set.
/// </summary>
internal sealed partial class RetentionRules(CatalogContext catalog, AuditLog audit, IObjectStore location, ILogger<RetentionRules> logger)
{
    /// <summary>Where the copy is in a location.</summary>
    public const string CopyKey = "retention.json";
    private const int LargestCopy = 1 << 20;
    private const int MostDays = 36_500, MostOthers = 10_000;

    /// <summary>As the runbook has them.</summary>
    public static IReadOnlyList<RetentionRule> Defaults { get; } =
    [
        new() { Component = Component.Database, Days = 30 },
        new() { Component = Component.Evidence, Days = 90 },
        new() { Component = Component.Config, Days = 90 },
        new() { Component = Component.Secrets, Days = 30 },
        new() { Component = Component.Keys, Days = 365 },
    ];

    /// <exception cref="BackupException">Nothing is set in the catalog, and the location cannot tell whether something was.</exception>
    public async Task<IReadOnlyList<RetentionRule>> ReadAsync(CancellationToken cancellationToken)
    {
        var set = await catalog.RetentionRules.AsNoTracking().Select(row => row.Rule).ToListAsync(cancellationToken);
        if (set.Count == 0)
        {
            set = await ReadCopyAsync(cancellationToken);
        }

        return [.. Defaults.Select(rule => set.Find(own => own.Component == rule.Component) ?? rule)];
    }

    public async Task<RetentionView> ViewAsync(CancellationToken cancellationToken) => new()
    {
        Rules = await ReadAsync(cancellationToken),
        LastRunAt = await catalog.Operations.Where(operation => operation.Kind == OperationKind.Retention && operation.Outcome == Outcome.Complete && catalog.RetentionRuns.Any(run => run.OperationId == operation.CorrelationId))
            .MaxAsync(operation => operation.FinishedAt, cancellationToken),
    };

    /// <summary>Changes the rules of some components.</summary>
    /// <exception cref="BackupException"><c>input.invalid</c>: a number is out of range, or no rule would be left.</exception>
    public async Task SetAsync(SetRetentionRequest request, IReadOnlyList<Component> components, string who, CancellationToken cancellationToken)
    {
        RequireSane(request);
        await using var transaction = await catalog.Database.BeginTransactionAsync(cancellationToken);
        await catalog.LockAsync(AdvisoryLock.Accept, cancellationToken);
        var rules = (await ReadAsync(cancellationToken)).Select(rule => components.Count == 0 || components.Contains(rule.Component) ? Changed(rule, request) : rule).ToList();
        await catalog.RetentionRules.ExecuteDeleteAsync(cancellationToken);
        catalog.RetentionRules.AddRange(rules.Select(rule => new RetentionRuleRow { Component = rule.Component, Rule = rule }));
        await audit.AppendAsync(who, "retention.set", string.Join(',', components.Select(component => component.Name())), request.Reason, cancellationToken);
        await catalog.SaveChangesAsync(cancellationToken);
        await SaveCopyAsync(rules, cancellationToken);

        // Durable after this. A crash before it leaves the copy ahead of the catalog, which counts only where the catalog has nothing.
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>A full location keeps its older copy; the next run of the retention makes room, and this again.</summary>
    public async Task SaveCopyAsync(IReadOnlyList<RetentionRule> rules, CancellationToken cancellationToken)
    {
        try
        {
            await location.PutAsync(CopyKey, JsonSerializer.SerializeToUtf8Bytes(rules, JsonColumn.Options), PutMode.Replace, cancellationToken);
        }
        catch (StorageException full) when (full.Failure == StorageFailure.Full)
        {
            LogNoCopy(logger, full.Message);
        }
        catch (StorageException failure)
        {
            throw failure.ToBackupException("the rules could not be written into the location");
        }
    }

    private async Task<List<RetentionRule>> ReadCopyAsync(CancellationToken cancellationToken)
    {
        try
        {
            return JsonSerializer.Deserialize<List<RetentionRule>>(await location.ReadAllAsync(CopyKey, LargestCopy, cancellationToken), JsonColumn.Options) ?? [];
        }
        catch (StorageException none) when (none.Failure == StorageFailure.NotFound)
        {
            return [];
        }
        catch (StorageException failure)
        {
            throw failure.ToBackupException("the rules could not be read from the location");
        }
        catch (JsonException damaged)
        {
            throw new BackupException(ErrorCodes.Damaged, $"{CopyKey} in the location is damaged: {damaged.Message}", "Set the rules anew with 'stella backup retention set'.", damaged);
        }
    }

    private static RetentionRule Changed(RetentionRule rule, SetRetentionRequest request)
    {
        var changed = rule with
        {
            Days = Number(request.Days, rule.Days),
            Last = Number(request.Last, rule.Last),
            Daily = Number(request.Daily, rule.Daily),
            Weekly = Number(request.Weekly, rule.Weekly),
            Monthly = Number(request.Monthly, rule.Monthly),
        };
        return changed is { Days: null, Last: null, Daily: null, Weekly: null, Monthly: null }
            ? throw new BackupException(ErrorCodes.InvalidInput, $"no rule would be left for {rule.Component.Name()}", "Set another one with it; 'stella backup delete' drops what is not wanted any more.")
            : changed;

        static int? Number(int? asked, int? old) => asked switch { null => old, 0 => null, _ => asked };
    }

    private static void RequireSane(SetRetentionRequest request)
    {
        (string Name, int? Number, int Most)[] all =
        [
            ("days", request.Days, MostDays), ("last", request.Last, MostOthers), ("daily", request.Daily, MostOthers), ("weekly", request.Weekly, MostOthers), ("monthly", request.Monthly, MostOthers),
        ];
        foreach (var (name, number, most) in all.Where(one => one.Number is < 0 || one.Number > one.Most))
        {
            throw new BackupException(ErrorCodes.InvalidInput, $"{number} for '{name}' is not between 0 and {most}");
        }

        if (all.All(one => one.Number is null))
        {
            throw new BackupException(ErrorCodes.InvalidInput, "nothing to set", "Name at least one of days, last, daily, weekly and monthly.");
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "the location has an older copy of the retention's rules: {Reason}")]
    private static partial void LogNoCopy(ILogger logger, string reason);
}
