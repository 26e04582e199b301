using System.Net.Sockets;
using Npgsql;
using StellaOps.Backup.Contracts.Errors;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Coordinator.Catalog;

/// <summary>The catalog database is away: it was stopped, restarts, or cannot be reached. It passes without a change by anybody.</summary>
internal static class CatalogOutage
{
    /// <summary>EF Core wraps what the connection threw. A location, or somebody else, that cannot be reached is known by who says so, whatever its cause.</summary>
    public static bool Is(Exception exception)
    {
        for (var e = exception; e is not (null or BackupException or StorageException or HttpRequestException); e = e.InnerException)
        {
            if (e is NpgsqlException { IsTransient: true } or SocketException)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Answers requests meanwhile so that a client knows to try again.</summary>
    public static async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (Exception e) when (Is(e))
        {
            throw new BackupException(
                ErrorCodes.ServerUnreachable, "the catalog database of the coordinator does not answer", "Check that it runs; operations go on by themselves when it is back.", e);
        }
    }
}
