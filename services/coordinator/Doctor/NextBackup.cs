using System.Globalization;
using Microsoft.Extensions.Options;
using StellaOps.Backup.Coordinator.Backups;
using StellaOps.Backup.Coordinator.Catalog;
using StellaOps.Backup.Coordinator.Points;
using StellaOps.Backup.Coordinator.Workers;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Doctor;

/// <summary>What would keep the next backup from being saved, though the location can be written: it is another place than it was, or has no room.</summary>
internal sealed class NextBackup(IOptions<LocationSettings> settings, IServiceScopeFactory scopes)
{
    private static readonly IReadOnlyList<string> MakeRoom = ["stella backup storage stats", "Add space at the location, or drop points: stella backup cleanup --keep-last 3"];

    /// <param name="location">The location.</param>
    /// <param name="evidence">Gets the sizes, as far as they are known.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The obstacle and what to do about it; null where there is none, and where the catalog is away, which other checks say.</returns>
    /// <exception cref="StorageException">The location cannot be read.</exception>
    public async Task<(string What, IReadOnlyList<string> Remedy)?> ObstacleAsync(IObjectStore location, IDictionary<string, string> evidence, CancellationToken cancellationToken)
    {
        var isLocation = await LocationFile.FindAsync(location, cancellationToken) is not null;
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            return !isLocation && await scope.ServiceProvider.GetRequiredService<PointCatalog>().ExpectsLocationAsync(cancellationToken)
                ? ($"it was a location, and is none now: it has no {LocationFile.Key}, and the catalog lists recovery points of it", LocationFile.Remedy)
                : await LackAsync(scope.ServiceProvider, evidence, cancellationToken) is { } lack ? (lack, MakeRoom) : null;
        }
        catch (Exception away) when (CatalogOutage.Is(away))
        {
            return null;
        }
    }

    /// <summary>An object store does not tell what is free.</summary>
    private async Task<string?> LackAsync(IServiceProvider scope, IDictionary<string, string> evidence, CancellationToken cancellationToken)
    {
        if (LocationDrive.Find(settings.Value)?.AvailableFreeSpace is not { } free)
        {
            return null;
        }

        evidence["free_bytes"] = free.ToString(CultureInfo.InvariantCulture);
        long? expected = null;
        foreach (var part in await scope.GetRequiredService<WorkerDirectory>().ConfiguredAsync(cancellationToken))
        {
            expected = await scope.GetRequiredService<ExpectedGrowth>().OfAsync(part, cancellationToken) is { } bytes ? bytes + (expected ?? 0) : expected;
        }

        if (expected is null)
        {
            return null;
        }

        evidence["expected_bytes"] = expected.Value.ToString(CultureInfo.InvariantCulture);
        return expected <= free ? null : string.Create(
            CultureInfo.InvariantCulture, $"writable, but {free / 1e9:0.0} GB are free, and the next backup of everything may add {expected / 1e9:0.0} GB, as the last ones did");
    }
}
