using System.Data;
using System.Globalization;
using Npgsql;
using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Queries;

/// <summary>Rows of the tables of a schema that belong to a tenant, or to none (null).</summary>
public sealed record TenantRows(string Schema, string? Tenant, long Rows);

/// <summary>Rows of a database, by schema and tenant.</summary>
/// <param name="Tables">Tables and materialized views that were counted.</param>
/// <param name="Counts">By schema, then tenant.</param>
/// <param name="Unreadable">Tables that the server fails to read, with the reason, one a line.</param>
/// <param name="Denied">Tables that the role may not read, or not all rows of, with the reason, one a line.</param>
public sealed record RowCounts(int Tables, IReadOnlyList<TenantRows> Counts, IReadOnlyList<string> Unreadable, IReadOnlyList<string> Denied)
{
    // A statement for each of 20,000 small tables takes longer than the counting.
    private const int Batch = 50;

    // All but temporary and unlogged ones: what is unlogged comes back empty. Partitions count, their parents hold nothing.
    private const string List = """
        SELECT nspname, format('%I.%I', nspname, relname), (SELECT quote_ident(attname) FROM pg_catalog.pg_attribute WHERE attrelid = c.oid AND attname = $1 AND NOT attisdropped)
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'm') AND c.relpersistence = 'p' AND (c.relkind = 'r' OR c.relispopulated)
          AND nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_toast'
        ORDER BY 1, 2
        """;

    /// <summary>All rows.</summary>
    public long Total => Counts.Sum(count => count.Rows);

    /// <summary>Counts every row that there is: a role that sees only some of them gets an error, never a smaller number.</summary>
    /// <param name="database">Connection to the database.</param>
    /// <param name="tenantColumn">Column that names the tenant of a row, in the tables that have it.</param>
    /// <param name="onCounted">Called with how many tables were counted since the last time.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<RowCounts> ReadAsync(ClusterConnection database, string tenantColumn, Action<int>? onCounted, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        var connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        var tables = await database.QueryAsync(
            connection, List, row => new Table(row.GetString(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2)), cancellationToken, tenantColumn).ConfigureAwait(false);
        var sums = new Dictionary<(string Schema, string? Tenant), long>();
        List<string> unreadable = [], denied = [];
        foreach (var batch in tables.Chunk(Batch))
        {
            foreach (var count in await CountAsync(database, connection, batch, unreadable, denied, cancellationToken).ConfigureAwait(false))
            {
                sums[(count.Schema, count.Tenant)] = sums.GetValueOrDefault((count.Schema, count.Tenant)) + count.Rows;
            }

            onCounted?.Invoke(batch.Length);
        }

        return new RowCounts(
            tables.Count,
            [.. sums.Select(sum => new TenantRows(sum.Key.Schema, sum.Key.Tenant, sum.Value)).OrderBy(sum => sum.Schema, StringComparer.Ordinal).ThenBy(sum => sum.Tenant, StringComparer.Ordinal)],
            unreadable,
            denied);
    }

    private static async Task<IReadOnlyList<TenantRows>> CountAsync(
        ClusterConnection database, NpgsqlConnection connection, IReadOnlyList<Table> tables, List<string> unreadable, List<string> denied, CancellationToken cancellationToken)
    {
        // The driver gives a connection up when the server reports corruption (SQLSTATE class XX).
        if (connection.State != ConnectionState.Open)
        {
            await database.RunAsync(async () =>
            {
                await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
                return true;
            }).ConfigureAwait(false);
        }

        try
        {
            return await database.QueryAsync(
                connection,
                string.Join(" UNION ALL ", tables.Select((table, number) => Statement(table, number))),
                row => new TenantRows(tables[row.GetInt32(0)].Schema, row.IsDBNull(1) ? null : row.GetString(1), row.GetInt64(2)),
                cancellationToken).ConfigureAwait(false);
        }
        catch (ClusterException failed) when (failed.Failure is ClusterFailure.QueryFailed or ClusterFailure.PermissionDenied && tables.Count == 1)
        {
            (failed.Failure == ClusterFailure.PermissionDenied ? denied : unreadable).Add($"table {tables[0].Name}: {failed.Message}");
            return [];
        }
        catch (ClusterException failed) when (failed.Failure is ClusterFailure.QueryFailed or ClusterFailure.PermissionDenied)
        {
            // One of them: count them one by one.
            var counts = new List<TenantRows>();
            foreach (var table in tables)
            {
                counts.AddRange(await CountAsync(database, connection, [table], unreadable, denied, cancellationToken).ConfigureAwait(false));
            }

            return counts;
        }
    }

    private static string Statement(Table table, int number) => string.Create(
        CultureInfo.InvariantCulture,
        $"SELECT {number}, {(table.Tenant is null ? "NULL::text" : $"{table.Tenant}::text")}, count(*) FROM {table.Name}{(table.Tenant is null ? "" : " GROUP BY 2")}");

    private sealed record Table(string Schema, string Name, string? Tenant);
}
