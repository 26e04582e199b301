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
internal sealed class RetentionDrafts(CatalogContext catalog, RetentionRules rules, RetainedPoints points, ForgetTasks tasks, RebuildGate gate, TimeProvider clock)
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

        var (report, live) = await DecideAsync(request, components, cancellationToken);
        if (live.Count == 0)
        {
            throw new BackupException(ErrorCodes.NotConfigured, $"the retention has nothing to work on: {string.Join("; ", report.Notes.DefaultIfEmpty("there is no recovery point yet"))}", "Start the workers: 'stella service health' shows which are there.");
        }

        var dropped = await DroppedAsync(report, cancellationToken);
        return new OperationDraft
        {
            Kind = OperationKind.Retention,
            Components = [.. live.Select(part => part.Component)],
            Request = new OperationRequest { Reason = request.Reason },
            Tasks = [.. live.Select(part => ForgetTasks.Make(part, dropped[part.Component], request.Force || request.Last is not null, request.EndGrace || request.Last is not null))],
            Row = id => new RetentionRunRow { OperationId = id, Report = report },
        };
    }

    private async Task<(RetentionReport Report, IReadOnlyList<Part> Live)> DecideAsync(RetentionRequest request, IReadOnlyList<Component> components, CancellationToken cancellationToken)
    {
        gate.RequireOpen();
        var now = clock.GetUtcNow();
        var asked = components.Count == 0 ? Components.All : components;
        var applied = (await RulesAsync(request, cancellationToken)).Where(rule => asked.Contains(rule.Component)).ToList();
        var present = await catalog.Snapshots.IgnoreQueryFilters().Select(snapshot => snapshot.Component)
            .Union(catalog.Forgotten.Select(row => row.Component)).ToListAsync(cancellationToken);
        var live = await tasks.LiveAsync(cancellationToken);
        var wanted = asked.Where(present.Contains).ToList();
        var report = new RetentionReport
        {
            DecidedAt = now,
            Rules = applied,
            Points = new RetentionPolicy([.. applied.Where(rule => live.ContainsKey(rule.Component))], now).Decide(await points.ReadAsync(cancellationToken)),
            Notes = [.. wanted.Where(component => !live.ContainsKey(component)).Select(component => $"{component.Name()} is left as it is: none of its workers runs")],
        };
        return (report, [.. wanted.Where(live.ContainsKey).Select(component => live[component])]);
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
