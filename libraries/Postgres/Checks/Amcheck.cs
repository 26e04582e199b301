using System.Data;
using Npgsql;
using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Checks;

/// <summary>
/// Checks every B-tree index and every table of a database with PostgreSQL's amcheck extension, and GIN indexes from version
/// 18 on. Installs the extension: for restored copies only, never for a live cluster.
/// </summary>
public sealed class Amcheck(long heapLimitBytes = 16L << 30)
{
    // The extension stands in a schema of its own, whatever public looks like.
    private const string Schema = "stella_amcheck";

    /// <summary>Checks the database that the connection, of a superuser, is for.</summary>
    /// <param name="database">Connection to a restored copy.</param>
    /// <param name="name">Name of the database, for the report.</param>
    /// <param name="onChecked">Called after each relation.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    /// <exception cref="ClusterException"><see cref="ClusterFailure.Unsuitable"/>: the extension is not installed on this host.</exception>
    public async Task<AmcheckReport> RunAsync(ClusterConnection database, string name, Action? onChecked, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        var connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        await InstallAsync(database, connection, cancellationToken).ConfigureAwait(false);

        var problems = new List<string>();
        var indexes = await IndexesAsync(database, connection, cancellationToken).ConfigureAwait(false);
        var withHeap = 0;
        foreach (var index in indexes)
        {
            var heap = index.Method == "btree" && index.Bytes <= heapLimitBytes;
            withHeap += heap ? 1 : 0;
            var call = index.Method == "gin" ? $"{Schema}.gin_index_check($1)" : $"{Schema}.bt_index_check($1, {(heap ? "true" : "false")})";
            if (await FailureOfAsync(connection, $"SELECT {call}", index.Oid, cancellationToken).ConfigureAwait(false) is { } failure)
            {
                problems.Add($"index {index.Name}: {failure}");
            }

            onChecked?.Invoke();
        }

        var tables = await TablesAsync(database, connection, cancellationToken).ConfigureAwait(false);
        foreach (var table in tables)
        {
            problems.AddRange(await CheckTableAsync(connection, table, cancellationToken).ConfigureAwait(false));
            onChecked?.Invoke();
        }

        return new AmcheckReport { Database = name, Indexes = indexes.Count, IndexesWithHeap = withHeap, Tables = tables.Count, Problems = problems };
    }

    private static async Task InstallAsync(ClusterConnection database, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var available = await database.QueryAsync(
            connection, "SELECT 1 FROM pg_catalog.pg_available_extensions WHERE name = 'amcheck'", row => row.GetInt32(0), cancellationToken).ConfigureAwait(false);
        if (available.Count == 0)
        {
            throw new ClusterException(
                ClusterFailure.Unsuitable, "the extension amcheck is not installed with PostgreSQL on this host", "install the contrib package of PostgreSQL");
        }

        // Event triggers of the copy must not run. An amcheck that the database already has moves to where it is looked for.
        await ExecuteAsync(database, connection, "SET session_replication_role = replica", cancellationToken).ConfigureAwait(false);
        await ExecuteAsync(database, connection, "DROP EXTENSION IF EXISTS amcheck CASCADE", cancellationToken).ConfigureAwait(false);
        await ExecuteAsync(database, connection, $"CREATE SCHEMA IF NOT EXISTS {Schema}", cancellationToken).ConfigureAwait(false);
        await ExecuteAsync(database, connection, $"CREATE EXTENSION amcheck SCHEMA {Schema}", cancellationToken).ConfigureAwait(false);
    }

    private static Task<IReadOnlyList<Relation>> IndexesAsync(ClusterConnection database, NpgsqlConnection connection, CancellationToken cancellationToken) =>
        database.QueryAsync(
            connection,
            """
            SELECT c.oid, c.oid::regclass::text, m.amname, pg_table_size(i.indrelid)
            FROM pg_catalog.pg_index i
            JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
            JOIN pg_catalog.pg_am m ON m.oid = c.relam
            WHERE c.relkind = 'i' AND c.relpersistence <> 't' AND i.indisready AND i.indisvalid
              AND (m.amname = 'btree' OR m.amname = 'gin' AND current_setting('server_version_num')::int >= 180000)
            ORDER BY c.relpages DESC
            """,
            row => new Relation(row.GetFieldValue<uint>(0), row.GetString(1), row.GetString(2), row.GetInt64(3)),
            cancellationToken);

    private static Task<IReadOnlyList<Relation>> TablesAsync(ClusterConnection database, NpgsqlConnection connection, CancellationToken cancellationToken) =>
        database.QueryAsync(
            connection,
            """
            SELECT c.oid, c.oid::regclass::text
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_am m ON m.oid = c.relam
            WHERE c.relkind IN ('r', 't', 'm') AND c.relpersistence <> 't' AND m.amname = 'heap'
            """,
            row => new Relation(row.GetFieldValue<uint>(0), row.GetString(1), "heap", 0),
            cancellationToken);

    private static async Task<IReadOnlyList<string>> CheckTableAsync(NpgsqlConnection connection, Relation table, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        try
        {
            await ReopenAsync(connection, cancellationToken).ConfigureAwait(false);
            var command = Command(connection, $"SELECT blkno, offnum, msg FROM {Schema}.verify_heapam($1)", table.Oid);
            await using var _ = command.ConfigureAwait(false);
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using var __ = reader.ConfigureAwait(false);
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                problems.Add($"table {table.Name}: block {reader.GetInt64(0)}, item {reader.GetValue(1)}: {reader.GetString(2)}");
            }
        }
        catch (PostgresException failure)
        {
            problems.Add($"table {table.Name}: {failure.MessageText}");
        }

        return problems;
    }

    private static async Task<string?> FailureOfAsync(NpgsqlConnection connection, string sql, uint relation, CancellationToken cancellationToken)
    {
        try
        {
            await ReopenAsync(connection, cancellationToken).ConfigureAwait(false);
            var command = Command(connection, sql, relation);
            await using var _ = command.ConfigureAwait(false);
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (PostgresException failure)
        {
            return failure.MessageText;
        }
    }

    // The driver gives a connection up when the server reports corruption (SQLSTATE class XX).
    private static Task ReopenAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        connection.State == ConnectionState.Open ? Task.CompletedTask : connection.OpenAsync(cancellationToken);

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, uint relation) => new(sql, connection)
    {
        // A large index takes as long as it takes.
        CommandTimeout = 0,
        Parameters = { new NpgsqlParameter { Value = relation, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid } },
    };

    private static Task<int> ExecuteAsync(ClusterConnection database, NpgsqlConnection connection, string sql, CancellationToken cancellationToken) =>
        database.RunAsync(async () =>
        {
            var command = new NpgsqlCommand(sql, connection);
            await using var _ = command.ConfigureAwait(false);
            return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        });

    private sealed record Relation(uint Oid, string Name, string Method, long Bytes);
}
