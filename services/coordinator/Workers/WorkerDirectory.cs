using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Contracts;
using StellaOps.Backup.Coordinator.Catalog;

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
    /// The components of a full backup: those of the setting, or those that are configured at the workers. A service that has
    /// no live process on a host counts with what its last one there announced, so that a worker that is down makes a backup
    /// wait or fail and never makes it smaller in silence.
    /// </summary>
    public async Task<IReadOnlyList<Component>> ConfiguredAsync(CancellationToken cancellationToken) => settings.Value.Components.Count > 0
        ? [.. settings.Value.Components.Distinct().Order()]
        : Configured(await AllAsync(cancellationToken), clock.GetUtcNow());

    internal static IReadOnlyList<Component> Configured(IReadOnlyList<WorkerRow> rows, DateTimeOffset now) =>
        [.. rows.GroupBy(row => (row.Service, row.Announcement.Host)).SelectMany(processes => Speakers([.. processes], now)).SelectMany(row => row.Announcement.Components).Distinct().Order()];

    private static IEnumerable<WorkerRow> Speakers(IReadOnlyList<WorkerRow> processes, DateTimeOffset now)
    {
        var live = processes.Where(row => row.IsLive(now)).ToList();
        return live.Count > 0 ? live : processes.OrderByDescending(row => row.HeardAt).Take(1);
    }
}
