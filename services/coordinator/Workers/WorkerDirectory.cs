using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Parts;

namespace StellaOps.Backup.Coordinator.Workers;

/// <summary>Which processes are there, and which components this installation has.</summary>
internal sealed class WorkerDirectory(CatalogContext catalog, IOptions<CoordinatorSettings> settings, TimeProvider clock)
{
    public async Task<IReadOnlyList<WorkerRow>> AllAsync(CancellationToken cancellationToken) =>
        await catalog.Workers.AsNoTracking().OrderBy(row => row.Service).ThenBy(row => row.Worker).ToListAsync(cancellationToken);

    public async Task<IReadOnlyList<WorkerRow>> LiveAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        return [.. (await AllAsync(cancellationToken)).Where(row => row.IsLive(now))];
    }

    /// <summary>
    /// The parts of a full backup: those of the setting's components, or those that are configured at the workers. A service that has
    /// no live process on a host counts with what its last one there announced, so that a worker that is down makes a backup
    /// wait or fail and never makes it smaller in silence.
    /// </summary>
    public async Task<IReadOnlyList<Part>> ConfiguredAsync(CancellationToken cancellationToken)
    {
        var announced = Configured(await AllAsync(cancellationToken), clock.GetUtcNow());
        if (settings.Value.Clusters.Count > 0 && announced.Any(part => part.Component == Component.Database))
        {
            announced = [.. announced.Where(part => part.Component != Component.Database).Concat(settings.Value.Clusters.Select(name => new Part(Component.Database, name))).Distinct().Order()];
        }

        return settings.Value.Components.Count == 0
            ? announced
            : [.. settings.Value.Components.Distinct().SelectMany(component => PartsOf(component, announced)).Order()];
    }

    /// <summary>Two servers under one name would be saved by turns, and a restore would go to either.</summary>
    /// <exception cref="BackupException"><c>input.not-configured</c>: live workers of one of the clusters see different servers.</exception>
    public async Task RequireOneServerEachAsync(IReadOnlyList<Part> parts, CancellationToken cancellationToken)
    {
        var live = await LiveAsync(cancellationToken);
        foreach (var cluster in parts.Select(part => part.Cluster).OfType<string>())
        {
            if (Contradiction(live, cluster) is { } problem)
            {
                throw new BackupException(ErrorCodes.NotConfigured, problem, "Give each cluster a name of its own with the setting Database:Name of its workers, and restart them.");
            }
        }
    }

    /// <summary>What is wrong with the workers of a cluster, as a sentence; null when they see one server.</summary>
    internal static string? Contradiction(IReadOnlyList<WorkerRow> live, string cluster)
    {
        var servers = live.SelectMany(row => row.Announcement.Clusters, (row, seen) => (row.Worker, Seen: seen))
            .Where(one => one.Seen.Name == cluster && one.Seen.SystemIdentifier is not null)
            .DistinctBy(one => one.Seen.SystemIdentifier)
            .ToList();
        return servers.Count < 2
            ? null
            : $"two servers are called '{cluster}': {string.Join(" and ", servers.Select(one => $"system {one.Seen.SystemIdentifier} by {one.Worker}"))}";
    }

    internal static IReadOnlyList<Part> Configured(IReadOnlyList<WorkerRow> rows, DateTimeOffset now)
    {
        // A server whose cluster was given another name is not a second one.
        var living = rows.Where(row => row.IsLive(now)).SelectMany(row => row.Announcement.Clusters).Select(cluster => cluster.SystemIdentifier).OfType<string>().ToHashSet();
        var wanted = rows.Where(row => row.IsLive(now) || !row.Announcement.Clusters.Any(cluster => cluster.SystemIdentifier is { } system && living.Contains(system)));
        return [.. wanted.GroupBy(row => (row.Service, row.Announcement.Host, Clusters: string.Join(',', row.Announcement.Clusters.Select(cluster => cluster.Name))))
            .SelectMany(processes => Speakers([.. processes], now)).SelectMany(PartsOf).Distinct().Order()];
    }

    private static IEnumerable<WorkerRow> Speakers(IReadOnlyList<WorkerRow> processes, DateTimeOffset now)
    {
        var live = processes.Where(row => row.IsLive(now)).ToList();
        return live.Count > 0 ? live : processes.OrderByDescending(row => row.HeardAt).Take(1);
    }

    /// <summary>What a process is configured for.</summary>
    internal static IEnumerable<Part> PartsOf(WorkerRow row) => row.Announcement.Components.SelectMany(component =>
        component == Component.Database && row.Announcement.Clusters.Count > 0
            ? row.Announcement.Clusters.Select(cluster => new Part(component, cluster.Name))
            : [new Part(component)]);

    private static IEnumerable<Part> PartsOf(Component component, IReadOnlyList<Part> announced) =>
        announced.Where(part => part.Component == component).DefaultIfEmpty(new Part(component));
}
