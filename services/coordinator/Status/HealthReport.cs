using MassTransit;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Parts;
using StellaOps.Backup.Coordinator.Services;
using StellaOps.Backup.Coordinator.Workers;

namespace StellaOps.Backup.Coordinator.Status;

/// <summary>Every service in one answer: this system's own by their announcements, the platform's by their status commands.</summary>
internal sealed class HealthReport(
    CatalogContext catalog, WorkerDirectory workers, WorkerLook look, PlatformServices platform, IBusControl bus, TimeProvider clock)
{
    private const string Own = "backup";
    private const string Platform = "platform";
    private static readonly TimeSpan OutOfUse = TimeSpan.FromDays(1);

    /// <summary>Who does not answer for so long counts with what it announced; one that is gone stops announcing.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <param name="now">Checks are run anew; else what they saw within the last half minute counts.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<HealthView> ReadAsync(bool now, CancellationToken cancellationToken)
    {
        var platformStatus = platform.StatusAsync(cancellationToken);
        var services = new List<ServiceHealth> { Broker() };
        if (await catalog.Database.CanConnectAsync(cancellationToken))
        {
            services.Add(new ServiceHealth { Name = "catalog", Group = Own, Status = "healthy", Instances = 1 });
            var rows = await workers.AllAsync(cancellationToken);
            rows = now ? [.. (await look.AskAsync(rows, [], Patience, cancellationToken)).Select(seen => seen.Row)] : rows;
            services.AddRange(Announced(rows, Lacking(await workers.ConfiguredAsync(cancellationToken), rows, clock.GetUtcNow())));
        }
        else
        {
            services.Add(new ServiceHealth { Name = "catalog", Group = Own, Status = "unhealthy", Detail = "the catalog database does not answer" });
        }

        services.AddRange((await platformStatus).Select(entry => new ServiceHealth
        {
            Name = entry.Service.Name,
            Group = Platform,
            Status = entry.Healthy ? "healthy" : entry.Stopped ? "stopped" : "unhealthy",
            Detail = entry.Doubt is { } doubt ? $"whether it runs cannot be told: {doubt}" : entry.Running && !entry.Healthy ? "it runs, and its health check says no" : null,
            Instances = entry.Running ? 1 : 0,
            Components = [.. entry.Service.Components],
        }));
        return new HealthView { Status = Worst(services), Services = services };
    }

    private ServiceHealth Broker()
    {
        var health = bus.CheckHealth();
        var connected = health.Status == BusHealthStatus.Healthy;
        return new ServiceHealth
        {
            Name = "broker",
            Group = Own,
            Status = connected ? "healthy" : health.Status == BusHealthStatus.Degraded ? "degraded" : "unhealthy",
            Instances = connected ? 1 : 0,
            Detail = connected ? null : health.Description,
        };
    }

    /// <summary>
    /// What is configured and has no live worker, by its service: with several clusters, or secrets and keys on different hosts, the service may run without
    /// it. Not what was taken out of use.
    /// </summary>
    internal static ILookup<string, Part> Lacking(IReadOnlyList<Part> configured, IReadOnlyList<WorkerRow> rows, DateTimeOffset now)
    {
        var live = rows.Where(row => row.IsLive(now)).SelectMany(WorkerDirectory.PartsOf).ToHashSet();
        return configured.Where(part => !live.Contains(part) && IsWanted(rows.Where(row => WorkerDirectory.PartsOf(row).Contains(part)), now))
            .ToLookup(part => part.Component.Queue());
    }

    /// <summary>What went in an orderly way and did not come back for a day was taken out of use.</summary>
    private static bool IsWanted(IEnumerable<WorkerRow> processes, DateTimeOffset now) =>
        processes.MaxBy(row => row.HeardAt) is not { Leaving: true, HeardAt: var left } || left > now - OutOfUse;

    private IEnumerable<ServiceHealth> Announced(IReadOnlyList<WorkerRow> rows, ILookup<string, Part> lacking)
    {
        var now = clock.GetUtcNow();
        var heard = rows.GroupBy(row => row.Service).ToList();
        return heard.Where(service => IsWanted(service, now)).Select(service => Announced(service, [.. lacking[service.Key]], now))
            .Concat(lacking.Where(service => heard.TrueForAll(one => one.Key != service.Key)).Select(service => new ServiceHealth
            {
                Name = service.Key,
                Group = Own,
                Status = "unhealthy",
                Detail = NoWorker(service),
            }));
    }

    private static ServiceHealth Announced(IGrouping<string, WorkerRow> service, IReadOnlyList<Part> lacking, DateTimeOffset now)
    {
        var live = service.Where(row => row.IsLive(now)).ToList();
        var last = service.MaxBy(row => row.HeardAt)!;
        var failing = live.SelectMany(row => row.Announcement.Checks).FirstOrDefault(check => check.Status == "fail");
        return new ServiceHealth
        {
            Name = service.Key,
            Group = Own,
            Status = live.Count == 0 ? (last.Leaving ? "stopped" : "unhealthy") : lacking.Count > 0 ? "unhealthy" : failing is not null ? "degraded" : "healthy",
            Instances = live.Count,
            Detail = live.Count == 0 ? $"last heard at {last.HeardAt:O}"
                : lacking.Count > 0 ? NoWorker(lacking)
                : failing is not null ? $"{failing.Check}: {failing.Message}"
                : null,
        };
    }

    private static string NoWorker(IEnumerable<Part> parts) => $"no worker runs for {string.Join(", ", parts.Select(part => part.Title))}";

    /// <summary>
    /// A service of the platform that an operator stopped is as it should be for a restore; it degrades and does not fail. One that runs and is not healthy
    /// fails, and one of which nobody can tell whether it runs: nothing says that it is well.
    /// </summary>
    internal static string Worst(IReadOnlyList<ServiceHealth> services) =>
        services.Any(service => service is { Status: "unhealthy" } or { Group: Own, Status: "stopped" }) ? "unhealthy"
        : services.Any(service => service.Status != "healthy") ? "degraded"
        : "healthy";
}
