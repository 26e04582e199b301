using StellaOps.Backup.Contracts.Points;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Queries;
using StellaOps.Backup.Workers;

namespace StellaOps.Backup.DatabaseBackup.Backups;

/// <summary>The databases of the cluster and the migrations that they had seen, for the point's manifest.</summary>
internal sealed class ClusterCatalog(ClusterConnection cluster, ITaskLog log)
{
    public async Task<IReadOnlyList<DatabaseSummary>> ReadAsync(CancellationToken cancellationToken)
    {
        var summaries = new List<DatabaseSummary>();
        foreach (var database in await DatabaseList.ReadAsync(cluster, cancellationToken))
        {
            summaries.Add(new DatabaseSummary
            {
                Name = database.Name,
                Bytes = database.Bytes,
                Migrations = database.Connectable ? await MigrationsAsync(database.Name, cancellationToken) : [],
            });
        }

        return summaries;
    }

    // The list is a comfort for whoever restores; a backup does not fail for the lack of it.
    private async Task<IReadOnlyList<SchemaMigrations>> MigrationsAsync(string database, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = cluster.ToDatabase(database);
            var tables = await MigrationsQuery.ReadAsync(connection, cancellationToken);
            return [.. tables.Select(table => new SchemaMigrations
            {
                Schema = table.Schema,
                Applied = [.. table.Applied.Select(applied => new Migration(applied.Name, applied.Checksum))],
            })];
        }
        catch (ClusterException unreadable) when (unreadable.Failure is ClusterFailure.PermissionDenied or ClusterFailure.QueryFailed)
        {
            log.Warning($"the migrations of database '{database}' are not in the manifest: {unreadable.Message}");
            return [];
        }
    }
}
