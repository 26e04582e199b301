using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Contracts.Operations;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Operations;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Points;

namespace StellaOps.Backup.Coordinator.Retention;

/// <summary>What a request to the retention comes to: decisions about every point, and the tasks that carry them out.</summary>
internal sealed class RetentionDrafts(
    CatalogContext catalog, RetentionRules rules, RetainedPoints points, OrphanSnapshots orphans, ForgetTasks tasks, RebuildGate gate, CatalogHistory history, TimeProvider clock)
{
    /// <summary>Decides, and changes nothing.</summary>
    public async Task<RetentionReport> PreviewAsync(RetentionRequest request, IReadOnlyList<Component> components, CancellationToken cancellationToken) =>
        (await DecideAsync(request, components, cancellationToken)).Report;

    /// <param name="request">What is wanted; with nothing set, what a schedule wants: the rules applied.</param>
    /// <param name="components">Of these; empty means all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<OperationDraft> DraftAsync(RetentionRequest request, IReadOnlyList<Component> components, CancellationToken cancellationToken)
    {
        if (request is { OlderThan: not null, Confirm: false })
        {
            throw new BackupException(ErrorCodes.ConfirmationMissing, "deleting recovery points by their age needs a confirmation");
        }

        var (report, live, orphaned) = await DecideAsync(request, components, cancellationToken);
        if (live.Count == 0)
        {
            throw new BackupException(ErrorCodes.NotConfigured, $"the retention has nothing to work on: {string.Join("; ", report.Notes.DefaultIfEmpty("there is no recovery point yet"))}", "Start the workers: 'stella service health' shows which are there.");
        }

        var dropped = await DroppedAsync(report, cancellationToken);
        var (now, endGrace) = (request.Force || request.Last is not null, request.EndGrace || request.Last is not null);
        return new OperationDraft
        {
            Kind = OperationKind.Retention,
            Components = [.. live.Select(part => part.Component)],
            Request = new OperationRequest { Reason = request.Reason },
            Details = Words(request, components, now, endGrace),
            Tasks = [.. live.Select(part => ForgetTasks.Make(part, dropped[part.Component].Concat(orphaned[part.Component]), now, endGrace))],
            Row = id => new RetentionRunRow { OperationId = id, Report = report },
        };
    }

    /// <summary>For the audit log: what it goes by, and what it takes for good.</summary>
    private static string Words(RetentionRequest request, IReadOnlyList<Component> components, bool now, bool endGrace) => string.Join(", ", new[]
    {
        request.Last is { } last ? $"keep-last {last}" : request.OlderThan is { } age ? $"older than {(int)age.TotalDays} days" : "by the rules",
        components.Count > 0 ? $"only {string.Join(" and ", components.Select(component => component.Name()))}" : null,
        now ? "at once" : null,
        endGrace ? "also what was dropped earlier" : null,
    }.OfType<string>());

    private async Task<(RetentionReport Report, IReadOnlyList<Part> Live, ILookup<Component, string> Orphaned)> DecideAsync(
        RetentionRequest request, IReadOnlyList<Component> components, CancellationToken cancellationToken)
    {
        await gate.RequireOpenAsync(history, cancellationToken);
        var now = clock.GetUtcNow();
        var asked = components.Count == 0 ? Components.All : components;
        var applied = (await RulesAsync(request, cancellationToken)).Where(rule => asked.Contains(rule.Component)).ToList();
        var present = await catalog.Snapshots.IgnoreQueryFilters().Select(snapshot => snapshot.Component)
            .Union(catalog.Forgotten.Select(row => row.Component)).ToListAsync(cancellationToken);
        var live = await tasks.LiveAsync(cancellationToken);
        var orphaned = await OrphanedAsync(request, cancellationToken);
        var wanted = asked.Where(component => present.Contains(component) || orphaned.Contains(component)).ToList();
        var worked = wanted.Where(live.ContainsKey).ToList();
        var decided = new RetentionPolicy([.. applied.Where(rule => live.ContainsKey(rule.Component))], now).Decide(await points.ReadAsync(cancellationToken));
        var report = new RetentionReport
        {
            DecidedAt = now,
            Rules = applied,
            Points = await WithDroppingAsync(decided, worked, cancellationToken),
            Notes =
            [
                .. wanted.Except(worked).Select(component => $"{component.Name()} is left as it is: none of its workers runs"),
                .. worked.Where(orphaned.Contains).Select(component => $"{component.Name()} loses what backups saved that ended without a recovery point: {orphaned[component].Count()} snapshot(s)"),
            ],
        };
        return (report, [.. worked.Select(component => live[component])], orphaned);
    }

    /// <summary>They go with a grace, or wait for a run that gives one.</summary>
    private async Task<ILookup<Component, string>> OrphanedAsync(RetentionRequest request, CancellationToken cancellationToken)
    {
        IReadOnlyList<(Component Component, string Id)> found = request is { Force: false, EndGrace: false, Last: null } ? await orphans.ReadAsync(cancellationToken) : [];
        return found.ToLookup(orphan => orphan.Component, orphan => orphan.Id);
    }

    /// <summary>
    /// What an earlier run began to drop from points that stay, and did not end, goes with this one, so it is shown. Should the earlier run end without having touched it,
    /// it is decided about like all others when the turn of this one comes.
    /// </summary>
    private async Task<IReadOnlyList<PointRetention>> WithDroppingAsync(IReadOnlyList<PointRetention> decided, IReadOnlyList<Component> worked, CancellationToken cancellationToken)
    {
        var rows = await catalog.Snapshots.AsNoTracking().IgnoreQueryFilters().Where(row => row.Dropping).ToListAsync(cancellationToken);
        var dropping = rows.Where(row => worked.Contains(row.Component)).OrderBy(row => row.Part)
            .ToLookup(row => row.PointId, row => new PartRetention { Component = row.Component, Cluster = row.Part.Cluster, Kept = false, Why = ["its dropping began"] });
        return [.. decided.Select(point => point with { Parts = [.. point.Parts, .. dropping[point.Id]] })];
    }

    private async Task<IReadOnlyList<RetentionRule>> RulesAsync(RetentionRequest request, CancellationToken cancellationToken)
    {
        if (request is { Last: not null, OlderThan: not null })
        {
            throw new BackupException(ErrorCodes.InvalidInput, "either a number to keep or an age is wanted, not both");
        }

        return request switch
        {
            { Last: < 1 or > 10_000 } => throw new BackupException(ErrorCodes.InvalidInput, $"{request.Last} is not a number of points to keep: 1 to 10000"),
            { Last: { } last } => [.. Components.All.Select(component => new RetentionRule { Component = component, Last = last })],
            { OlderThan: { } age } when age < TimeSpan.FromDays(1) || age.Ticks % TimeSpan.TicksPerDay != 0 =>
                throw new BackupException(ErrorCodes.InvalidInput, $"{age} is not a number of days, at least one", "Write 14d or 2w."),
            { OlderThan: { } age } => [.. Components.All.Select(component => new RetentionRule { Component = component, Days = (int)age.TotalDays })],
            _ => await rules.ReadAsync(cancellationToken),
        };
    }

    /// <summary>Snapshots to drop: those that were decided about now, and those whose dropping began earlier and did not end.</summary>
    private async Task<ILookup<Component, string>> DroppedAsync(RetentionReport report, CancellationToken cancellationToken)
    {
        var dropped = report.Points.SelectMany(point => point.Parts.Where(part => !part.Kept), (point, part) => (point.Id, Part: new Part(part.Component, part.Cluster))).ToHashSet();
        var ids = dropped.Select(one => one.Id).ToHashSet();
        var rows = await catalog.Snapshots.AsNoTracking().IgnoreQueryFilters().Where(row => row.Dropping || ids.Contains(row.PointId)).ToListAsync(cancellationToken);
        return rows.Where(row => row.Dropping || dropped.Contains((row.PointId, row.Part))).ToLookup(row => row.Component, row => row.SnapshotId);
    }
}
