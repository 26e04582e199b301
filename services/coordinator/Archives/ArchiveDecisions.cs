using Microsoft.EntityFrameworkCore;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Protection;
using StellaOps.Backup.Coordinator.Retention;
using StellaOps.Backup.Coordinator.Workers;
using StellaOps.Backup.Portable;

namespace StellaOps.Backup.Coordinator.Archives;

/// <summary>
/// Which points leave the location for an archive. The retention's policy decides, with the asked-for age as its rule: what it would keep of the newest, the
/// whole and the proven ones, of pins, holds and work in progress stays, and says why. A point goes as a whole or not at all.
/// </summary>
internal sealed class ArchiveDecisions(RetainedPoints retained, PointCatalog points, PointUse use, WorkerDirectory workers, TimeProvider clock)
{
    /// <exception cref="BackupException">The request is not one, or names a point that has to stay.</exception>
    public async Task<RetentionReport> DecideAsync(ArchiveRequest request, CancellationToken cancellationToken)
    {
        ArchiveAddress.CheckPlace(request.Destination);
        var days = Days(request);
        var now = clock.GetUtcNow();
        IReadOnlyList<RetentionRule> rules = [.. Components.All.Select(component => new RetentionRule { Component = component, Days = days })];
        var all = (await retained.ReadAsync(cancellationToken)).Where(point => !point.Deleting).ToList();
        var lacking = Components.All.Except((await workers.LiveAsync(cancellationToken)).SelectMany(WorkerDirectory.PartsOf).Select(part => part.Component)).ToHashSet();
        var damaged = (await points.All.ToListAsync(cancellationToken)).Where(point => point.Snapshots.Exists(snapshot => snapshot.Damages.Count > 0)).Select(point => point.Id).ToHashSet();
        var decided = new RetentionPolicy(rules, now).Decide(all).Select(point => Whole(point, damaged.Contains(point.Id), lacking)).ToList();
        var report = new RetentionReport { DecidedAt = now, Rules = rules, Points = decided, Destination = request.Destination };
        return request.Point is null ? report : report with { Points = [await OneAsync(request.Point, decided, cancellationToken)], Rules = [] };
    }

    private static int Days(ArchiveRequest request) => request switch
    {
        { OlderThan: null, Point: null } or { OlderThan: not null, Point: not null } =>
            throw new BackupException(ErrorCodes.InvalidInput, "either an age or a recovery point is wanted", "Say --older-than 30d, or name a point with --name."),
        { OlderThan: null } => 0,
        { OlderThan: { } age } when age < TimeSpan.FromDays(1) || age.Ticks % TimeSpan.TicksPerDay != 0 =>
            throw new BackupException(ErrorCodes.InvalidInput, $"{age} is not a number of days, at least one", "Write 30d or 2w."),
        { OlderThan: { } age } => (int)age.TotalDays,
    };

    /// <summary>A part that has to stay keeps the others; what cannot be copied stays, too.</summary>
    private static PointRetention Whole(PointRetention point, bool damaged, HashSet<Component> lacking)
    {
        var absent = point.Parts.Select(part => part.Component).Where(lacking.Contains).Distinct().Select(component => $"no worker of {component.Name()} runs").ToList();
        IReadOnlyList<string> obstacles = [.. damaged ? ["it is damaged"] : Array.Empty<string>(), .. absent];
        if (obstacles.Count == 0 && point.Parts.All(part => !part.Kept))
        {
            return point;
        }

        var kept = point.Parts.Where(part => part.Kept).Select(part => part.Component.Name()).Distinct().ToList();
        return point with
        {
            Parts = [.. point.Parts.Select(part => part.Kept
                ? part
                : part with { Kept = true, Why = [.. obstacles, .. kept.Count > 0 ? [$"the point stays for its {string.Join(", ", kept)}"] : Array.Empty<string>()] })],
        };
    }

    /// <summary>A point that is named is refused for the reasons for which its deletion would be.</summary>
    private async Task<PointRetention> OneAsync(string nameOrId, IReadOnlyList<PointRetention> decided, CancellationToken cancellationToken)
    {
        var point = await points.FindAsync(nameOrId, cancellationToken);
        point.RequireInLocation();
        point.RequireUnprotected();
        await use.RequireUnusedAsync(point, cancellationToken);
        await use.RequireNotLastProvenAsync(point, cancellationToken);
        await use.RequireNotLastWholeAsync(point, cancellationToken);
        var one = decided.Single(other => other.Id == point.Id);
        return one.Parts.FirstOrDefault(part => part.Kept) is { } kept
            ? throw new BackupException(ErrorCodes.LastWhole, $"recovery point '{point.Name}' stays in the location: {string.Join(", ", kept.Why)}", "Take a backup first, or 'stella backup copy' it, which leaves it where it is.")
            : one with { Parts = [.. one.Parts.Select(part => part with { Why = ["it was named"] })] };
    }
}
