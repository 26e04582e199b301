using StellaOps.Backup.Cli.Api;
using StellaOps.Backup.Cli.Output;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;

namespace StellaOps.Backup.Cli.Commands.Backup;

/// <summary>What recovery to a point in time loses with a recovery point: a window of archived WAL is reached from its first base backup on.</summary>
internal static class LostReach
{
    /// <returns>The end of a sentence about the point; empty where no time is lost.</returns>
    public static async Task<string> OfAsync(ApiClient api, string nameOrId, CancellationToken cancellationToken)
    {
        try
        {
            var name = Guid.TryParse(nameOrId, out _) ? (await api.GetAsync<PointView>(Paging.Below(Routes.Points, nameOrId), cancellationToken)).Name : nameOrId;
            var archives = await api.ListAsync<WalArchiveView>(Routes.Wal, [], cancellationToken).ToListAsync(cancellationToken);
            var lost = archives
                .SelectMany(archive => archive.Windows.Where(window => window.Points is [var first, ..] && first == name).Select(window => Times(archive.Cluster, window)))
                .Distinct().ToList();
            return lost.Count == 0 ? "" : $", and with it recovery {string.Join(" and ", lost)}";
        }
        catch (BackupException failure)
        {
            return $"; whether recovery to a point in time loses by it cannot be told: {failure.Message}";
        }
    }

    private static string Times(string cluster, WalWindowView window)
    {
        var to = window.Points is [_, var next, ..] ? $"the end of the base backup of '{next}'"
            : Units.Instant(window.ToTime is { } last && last > window.FromTime ? last : window.FromTime);
        return $"of cluster {cluster} to any time from {Units.Instant(window.FromTime)} to {to}";
    }
}
