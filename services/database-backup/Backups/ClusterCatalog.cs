using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.DatabaseBackup.Settings;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Queries;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>The databases of the cluster, the migrations that they had seen, and their rows, for the point's manifest.</summary>
internal sealed class ClusterCatalog(ClusterConnection cluster, DatabaseSettings settings, ITaskLog log, TimeSpan? lockTimeout = null)
{
    // Bounds the manifest; a database with more tenants is counted by schema.
    private const int MaxRowCounts = 1000;
    private const int MaxWarnings = 10;

    // The server keeps all WAL while a backup reads the catalog: it does not wait for whoever holds a table for long.
    private readonly TimeSpan _lockTimeout = lockTimeout ?? TimeSpan.FromSeconds(30);

    public async Task<IReadOnlyList<DatabaseSummary>> ReadAsync(CancellationToken cancellationToken)
    {
        var summaries = new List<DatabaseSummary>();
        foreach (var database in await DatabaseList.ReadAsync(cluster, cancellationToken))
        {
            summaries.Add(new DatabaseSummary
            {
                Name = database.Name,
                Bytes = database.Bytes,
                Migrations = database.Connectable ? await MigrationsAsync(database.Name, _lockTimeout, cancellationToken) : [],
                Rows = database.Connectable ? await RowsAsync(database, cancellationToken) : [],
            });
        }

        return summaries;
    }

    /// <summary>The databases with their migrations, and nothing that takes long but a lock: a table that is waited for is never taken for an empty one.</summary>
    public async Task<IReadOnlyList<DatabaseSummary>> ReadMigrationsAsync(CancellationToken cancellationToken)
    {
        var summaries = new List<DatabaseSummary>();
        foreach (var database in (await DatabaseList.ReadAsync(cluster, cancellationToken)).Where(database => database.Connectable))
        {
            summaries.Add(new DatabaseSummary { Name = database.Name, Bytes = database.Bytes, Migrations = await MigrationsAsync(database.Name, TimeSpan.Zero, cancellationToken) });
        }

        return summaries;
    }

    // Counting reads every table: a backup that reads only what changed must not pay for that where a database is large.
    private async Task<IReadOnlyList<RowCount>> RowsAsync(DatabaseEntry database, CancellationToken cancellationToken)
    {
        if (database.Bytes >> 20 >= settings.CountRowsMiB)
        {
            return [];
        }

        try
        {
            await using var connection = cluster.ToDatabase(database.Name, _lockTimeout);
            var read = await RowCounts.ReadAsync(connection, settings.TenantColumn, onCounted: null, cancellationToken);
            foreach (var unreadable in read.Unreadable.Concat(read.Denied).Take(MaxWarnings))
            {
                log.Warning($"database '{database.Name}': rows were not counted, {unreadable}");
            }

            var counts = read.Counts;
            return counts.Count <= MaxRowCounts
                ? [.. counts.Select(count => new RowCount { Schema = count.Schema, Tenant = count.Tenant, Rows = count.Rows })]
                : [.. counts.GroupBy(count => count.Schema).Take(MaxRowCounts).Select(schema => new RowCount { Schema = schema.Key, Rows = schema.Sum(count => count.Rows) })];
        }
        catch (ClusterException unreadable) when (IsRefused(unreadable) || IsLate(unreadable))
        {
            log.Warning($"the rows of database '{database.Name}' are not in the manifest: {unreadable.Message}");
            return [];
        }
    }

    // The list is a comfort for whoever restores; a backup does not fail for the lack of it.
    private async Task<IReadOnlyList<SchemaMigrations>> MigrationsAsync(string database, TimeSpan wait, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = cluster.ToDatabase(database, wait);
            var tables = await MigrationsQuery.ReadAsync(connection, cancellationToken);
            return [.. tables.Select(table => new SchemaMigrations
            {
                Schema = table.Schema,
                Applied = [.. table.Applied.Select(applied => new Migration(applied.Name, applied.Checksum))],
            })];
        }
        catch (ClusterException unreadable) when (IsRefused(unreadable) || (wait > TimeSpan.Zero && IsLate(unreadable)))
        {
            log.Warning($"the migrations of database '{database}' are not in the manifest: {unreadable.Message}");
            return [];
        }
    }

    // Unsuitable: dropped since the databases were listed.
    private static bool IsRefused(ClusterException unreadable) => unreadable.Failure is ClusterFailure.PermissionDenied or ClusterFailure.QueryFailed or ClusterFailure.Unsuitable;

    // A count that takes long, or a database that is locked as a whole (CREATE DATABASE copies it): a server that is gone fails the end of the backup.
    private static bool IsLate(ClusterException unreadable) => unreadable.GetBaseException() is TimeoutException;
}
