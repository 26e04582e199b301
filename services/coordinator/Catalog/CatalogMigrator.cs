using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;
using StellaOps.Backup.Contracts.Errors;

namespace StellaOps.Backup.Coordinator.Catalog;

/// <summary>
/// Waits for the catalog database and brings it to this version's schema, before any other part of the service starts.
/// Several coordinators that start at once take turns.
/// </summary>
internal sealed partial class CatalogMigrator(IServiceScopeFactory scopes, TimeProvider clock, ILogger<CatalogMigrator> logger) : IHostedLifecycleService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        while (!await TryMigrateAsync(cancellationToken))
        {
            await Task.Delay(RetryDelay, clock, cancellationToken);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task<bool> TryMigrateAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        try
        {
            await MigrateAsync(scope.ServiceProvider.GetRequiredService<CatalogContext>().Database, cancellationToken);
            return true;
        }
        catch (NpgsqlException e) when (e is not PostgresException || e.IsTransient)
        {
            // A catalog that is away or starting delays the service.
            LogWaiting(logger, e.Message);
            return false;
        }
        catch (PostgresException e)
        {
            throw new BackupException(
                ErrorCodes.NotConfigured,
                $"the catalog database refused: {e.MessageText}",
                "Check Coordinator:Catalog and Coordinator:CatalogPasswordFile: the database must exist and belong to the named role.",
                e);
        }
    }

    /// <summary>One coordinator after the other: the lock belongs to the connection, which stays open meanwhile.</summary>
    private static async Task MigrateAsync(DatabaseFacade database, CancellationToken cancellationToken)
    {
        await database.OpenConnectionAsync(cancellationToken);
        await database.ExecuteSqlAsync($"SELECT pg_advisory_lock({(long)AdvisoryLock.Migrate})", cancellationToken);
        await database.MigrateAsync(cancellationToken);
        await database.ExecuteSqlAsync($"SELECT pg_advisory_unlock({(long)AdvisoryLock.Migrate})", cancellationToken);
        await database.CloseConnectionAsync();
    }

    [LoggerMessage(1, LogLevel.Warning, "waits for the catalog database: {Reason}")]
    private static partial void LogWaiting(ILogger logger, string reason);
}
