using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Contracts.Http;
using StellaOps.Backup.Coordinator.Wal;

namespace StellaOps.Backup.Coordinator.Api;

/// <summary>WAL archives: what is there, what is missing, and where recovery can go.</summary>
internal static class WalEndpoints
{
    public static IEndpointRouteBuilder MapWal(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Routes.Wal, ListAsync).RequireAuthorization(Scopes.Read).WithTags("wal");
        return routes;
    }

    private static async Task<Page<WalArchiveView>> ListAsync(
        string? cluster, DateTimeOffset? after, DateTimeOffset? before, WalReport report, CancellationToken cancellationToken) =>
        after > before
            ? throw new BackupException(ErrorCodes.InvalidInput, "'before' is earlier than 'after'")
            : new Page<WalArchiveView> { Items = await report.ReadAsync(cluster, after, before, cancellationToken) };
}
