using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace StellaOps.Backup.Coordinator.Catalog;

/// <summary>
/// Waits for the catalog database and brings it to this version's schema, before any other part of the service starts.
/// Several coordinators that start at once take turns: EF Core locks its history table.
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
            await scope.ServiceProvider.GetRequiredService<CatalogContext>().Database.MigrateAsync(cancellationToken);
            return true;
        }
        catch (NpgsqlException e) when (e is not PostgresException || e.IsTransient)
        {
            // A catalog that is away or starting delays the service. A wrong password or a missing database ends it, below.
            LogWaiting(logger, e.Message);
            return false;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "waits for the catalog database: {Reason}")]
    private static partial void LogWaiting(ILogger logger, string reason);
}
