using MassTransit;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Catalog;
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
            services.AddRange(rows.GroupBy(row => row.Service).Where(IsWanted).Select(Announced));
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

    /// <summary>A service that went in an orderly way and did not come back for a day was taken out of use.</summary>
    private bool IsWanted(IGrouping<string, WorkerRow> service) => service.MaxBy(row => row.HeardAt) is { } last && (!last.Leaving || last.HeardAt > clock.GetUtcNow() - OutOfUse);

    private ServiceHealth Announced(IGrouping<string, WorkerRow> service)
    {
        var now = clock.GetUtcNow();
        var live = service.Where(row => row.IsLive(now)).ToList();
        var last = service.MaxBy(row => row.HeardAt)!;
        var failing = live.SelectMany(row => row.Announcement.Checks).Where(check => check.Status == "fail").ToList();
        return new ServiceHealth
        {
            Name = service.Key,
            Group = Own,
            Status = live.Count > 0 ? (failing.Count > 0 ? "degraded" : "healthy") : last.Leaving ? "stopped" : "unhealthy",
            Instances = live.Count,
            Detail = live.Count == 0 ? $"last heard at {last.HeardAt:O}" : failing.Count == 0 ? null : $"{failing[0].Check}: {failing[0].Message}",
        };
    }

    /// <summary>A service of the platform that an operator stopped is as it should be for a restore; it degrades and does not fail.</summary>
    private static string Worst(IReadOnlyList<ServiceHealth> services) =>
        services.Any(service => service is { Group: Own, Status: "unhealthy" or "stopped" }) ? "unhealthy"
        : services.Any(service => service.Status != "healthy") ? "degraded"
        : "healthy";
}
