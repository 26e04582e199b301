using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Audit;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Points.Storing;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Retention;

/// <summary>
/// The rules: those of the catalog over the defaults. A copy is in the location, so that a catalog that was lost, or restored to an earlier state, does not come back
/// with rules that are shorter than what was set.
/// </summary>
internal sealed partial class RetentionRules(
    CatalogContext catalog, AuditLog audit, [FromKeyedServices(LocationPatience.UnderLock)] IObjectStore location, RebuildGate gate, CatalogHistory history, ILogger<RetentionRules> logger)
{
    /// <summary>Where the copy is in a location.</summary>
    public const string CopyKey = "retention.json";
    private const int LargestCopy = 1 << 20;

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
    /// <exception cref="BackupException">
    /// <c>input.invalid</c>: a number is out of range, or no rule would be left. <c>integrity.damaged</c>: the only rules are in a copy that cannot be read, and
    /// not all components are named.
    /// </exception>
    public async Task SetAsync(SetRetentionRequest request, IReadOnlyList<Component> components, string who, CancellationToken cancellationToken)
    {
        RuleNumbers.RequireSane(request);
        await using var transaction = await catalog.Database.BeginTransactionAsync(cancellationToken);
        await catalog.LockAsync(AdvisoryLock.Accept, cancellationToken);
        var before = await ReadToChangeAsync(components, who, cancellationToken);

        // What the copy has is replaced below: as long as nobody has adopted it, it is looked at here.
        var known = await gate.IsOpenAsync(history, cancellationToken) ? before : await LongestAsync(before, cancellationToken);
        var rules = known.Select(rule => components.Count == 0 || components.Contains(rule.Component) ? RuleNumbers.Changed(rule, request) : rule).ToList();
        await ReplaceAsync(rules, cancellationToken);
        await audit.AppendAsync(who, "retention.set", string.Join(',', components.Select(component => component.Name())), request.Reason, cancellationToken);
        await SaveCopyAsync(rules, cancellationToken);

        // Durable after this. A crash before it, or a location that was given up and writes it later, leaves the copy ahead of the catalog: what it keeps longer is adopted at the next start, what it keeps shorter counts
        // only where the catalog has nothing.
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// Gives a catalog that has rules, maybe of an earlier state, what the copy keeps longer; before anything is dropped by them, and before the copy is replaced. A
    /// shorter rule whose copy could not be written, because the location was full, is undone by this: rather too much is kept than too little.
    /// </summary>
    /// <exception cref="BackupException">The location cannot tell what it has.</exception>
    public async Task AdoptCopyAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await catalog.Database.BeginTransactionAsync(cancellationToken);
        await catalog.LockAsync(AdvisoryLock.Accept, cancellationToken);
        if (!await catalog.RetentionRules.AnyAsync(cancellationToken))
        {
            return; // The copy counts as it is.
        }

        var rules = await ReadAsync(cancellationToken);
        var longest = await LongestAsync(rules, cancellationToken);
        var adopted = longest.Except(rules).ToList();
        if (adopted.Count == 0)
        {
            return;
        }

        foreach (var rule in adopted)
        {
            LogAdopted(logger, rule.Component.Name(), RetentionPolicy.Words(rule));
        }

        await ReplaceAsync(longest, cancellationToken);
        await audit.AppendAsync("coordinator", "retention.adopt", string.Join(',', adopted.Select(rule => rule.Component.Name())), $"{CopyKey} in the location keeps longer", cancellationToken);

        // Durable after this, in the catalog. The copy follows with the next change, or the next run of the retention; until then each start comes to the same.
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

    /// <summary>
    /// The rules as they are. Where nothing has them but a copy that cannot be read, all have to be set anew: of a component that is not named, nobody knows how
    /// long it was to be kept, and the default may be shorter.
    /// </summary>
    private async Task<IReadOnlyList<RetentionRule>> ReadToChangeAsync(IReadOnlyList<Component> components, string who, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(cancellationToken);
        }
        catch (BackupException damaged) when (damaged.Error == ErrorCodes.Damaged && (components.Count == 0 || Defaults.All(rule => components.Contains(rule.Component))))
        {
            LogReplaced(logger, damaged.Message, who);
            await audit.AppendAsync(who, "retention.replace", CopyKey, damaged.Message, cancellationToken);
            return Defaults;
        }
    }

    private async Task ReplaceAsync(IReadOnlyList<RetentionRule> rules, CancellationToken cancellationToken)
    {
        await catalog.RetentionRules.ExecuteDeleteAsync(cancellationToken);
        catalog.RetentionRules.AddRange(rules.Select(rule => new RetentionRuleRow { Component = rule.Component, Rule = rule }));
        await catalog.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Rules that keep whatever these or those of the copy keep. Of a copy that is damaged nothing is known, and these count.</summary>
    private async Task<IReadOnlyList<RetentionRule>> LongestAsync(IReadOnlyList<RetentionRule> rules, CancellationToken cancellationToken)
    {
        try
        {
            var copy = await ReadCopyAsync(cancellationToken);
            return [.. rules.Select(rule => copy.Find(other => other.Component == rule.Component) is { } kept ? RuleNumbers.Longest(rule, kept) : rule)];
        }
        catch (BackupException damaged) when (damaged.Error == ErrorCodes.Damaged)
        {
            LogDamaged(logger, damaged.Message);
            return rules;
        }
    }

    private async Task<List<RetentionRule>> ReadCopyAsync(CancellationToken cancellationToken)
    {
        try
        {
            var copy = JsonSerializer.Deserialize<List<RetentionRule>>(await location.ReadAllAsync(CopyKey, LargestCopy, cancellationToken), JsonColumn.Options);
            return copy?.TrueForAll(rule => rule is not null) == true ? copy : throw new JsonException("it, or a rule of it, is null");
        }
        catch (StorageException none) when (none.Failure == StorageFailure.NotFound)
        {
            return [];
        }
        catch (Exception damaged) when (damaged is JsonException or StorageException { Failure: StorageFailure.Invalid })
        {
            throw new BackupException(
                ErrorCodes.Damaged,
                $"{CopyKey} in the location is damaged: {damaged.Message}",
                "Set the rules of all components anew, as long as the longest of them, then single ones: stella backup retention set --type full --days 365",
                damaged);
        }
        catch (StorageException failure)
        {
            throw failure.ToBackupException("the rules could not be read from the location");
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "the location has an older copy of the retention's rules, and what that keeps longer counts again after a restart: {Reason}")]
    private static partial void LogNoCopy(ILogger logger, string reason);

    [LoggerMessage(2, LogLevel.Warning, "of {Component} the location has rules that keep longer than those of the catalog; kept {Kept} from now on: 'stella backup retention set' changes it")]
    private static partial void LogAdopted(ILogger logger, string component, string kept);

    [LoggerMessage(3, LogLevel.Warning, "the rules of the catalog count without a look at their copy: {Reason}")]
    private static partial void LogDamaged(ILogger logger, string reason);

    [LoggerMessage(4, LogLevel.Warning, "{Reason}; it is replaced by what {Who} sets for all components, and by the defaults")]
    private static partial void LogReplaced(ILogger logger, string reason, string who);
}
