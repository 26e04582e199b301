using System.Data;
using Npgsql;
using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Checks;

/// <summary>
/// Checks every B-tree index and every table of a database with PostgreSQL's amcheck extension, and GIN indexes from version
/// 18 on. In a restored copy it installs the extension and looks for toasted values, too; in a live cluster it uses what is there.
/// </summary>
public sealed class Amcheck(long heapLimitBytes = 16L << 30)
{
    // The extension stands in a schema of its own, whatever public looks like.
    private const string Schema = "stella_amcheck";

    /// <summary>Installs the extension and checks the database that the connection, of a superuser, is for. Never in a live cluster.</summary>
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
        return await CheckAsync(database, connection, name, Schema, toast: true, onChecked, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Checks a database of a live cluster with the extension that is installed there.</summary>
    /// <param name="database">Connection to the database; its role may call the extension's functions.</param>
    /// <param name="name">Name of the database, for the report.</param>
    /// <param name="schema">Schema of the extension, from <see cref="LiveAmcheck"/>.</param>
    /// <param name="onChecked">Called after each relation.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    public async Task<AmcheckReport> RunLiveAsync(ClusterConnection database, string name, string schema, Action? onChecked, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        var connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);

        // Looking up a value in a damaged TOAST table can crash the server (PostgreSQL manual, amcheck): never that of the live cluster.
        return await CheckAsync(database, connection, name, Sql.Identifier(schema), toast: false, onChecked, cancellationToken).ConfigureAwait(false);
    }

    private async Task<AmcheckReport> CheckAsync(
        ClusterConnection database, NpgsqlConnection connection, string name, string schema, bool toast, Action? onChecked, CancellationToken cancellationToken)
    {
        List<string> ofIndexes = [], ofTables = [];
        var indexes = await IndexesAsync(database, connection, cancellationToken).ConfigureAwait(false);
        var withHeap = 0;
        foreach (var index in indexes)
        {
            var heap = index.Method == "btree" && index.Bytes <= heapLimitBytes;
            withHeap += heap ? 1 : 0;
            var call = index.Method == "gin" ? $"{schema}.gin_index_check($1)" : $"{schema}.bt_index_check($1, {(heap ? "true" : "false")})";
            if (await FailureOfAsync(database, connection, $"SELECT {call}", index.Oid, cancellationToken).ConfigureAwait(false) is { } failure)
            {
                ofIndexes.Add($"index {index.Name}: {failure}");
            }

            onChecked?.Invoke();
        }

        var tables = await TablesAsync(database, connection, cancellationToken).ConfigureAwait(false);
        foreach (var table in tables)
        {
            ofTables.AddRange(await CheckTableAsync(database, connection, schema, toast, table, cancellationToken).ConfigureAwait(false));
            onChecked?.Invoke();
        }

        return new AmcheckReport { Database = name, Indexes = indexes.Count, IndexesWithHeap = withHeap, Tables = tables.Count, IndexProblems = ofIndexes, TableProblems = ofTables };
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

        // What the database or the role sets wins over the server's command line.
        await ExecuteAsync(database, connection, "SET default_transaction_read_only = off", cancellationToken).ConfigureAwait(false);

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

    private static async Task<IReadOnlyList<string>> CheckTableAsync(
        ClusterConnection database, NpgsqlConnection connection, string schema, bool toast, Relation table, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        var failure = await ContradictionAsync(
            database, connection, $"SELECT blkno, offnum, msg FROM {schema}.verify_heapam($1, check_toast => {(toast ? "true" : "false")})", table.Oid,
            row => problems.Add($"table {table.Name}: block {row.GetInt64(0)}, item {row.GetValue(1)}: {row.GetString(2)}"),
            cancellationToken).ConfigureAwait(false);
        return failure is null ? problems : [.. problems, $"table {table.Name}: {failure}"];
    }

    private static Task<string?> FailureOfAsync(ClusterConnection database, NpgsqlConnection connection, string sql, uint relation, CancellationToken cancellationToken) =>
        ContradictionAsync(database, connection, sql, relation, _ => { }, cancellationToken);

    /// <summary>Runs a check of a relation. What the server says of the relation is the answer; that it shuts down, or lacks memory, is not.</summary>
    private static Task<string?> ContradictionAsync(
        ClusterConnection database, NpgsqlConnection connection, string sql, uint relation, Action<NpgsqlDataReader> onRow, CancellationToken cancellationToken) =>
        database.RunAsync(async () =>
        {
            try
            {
                await ReopenAsync(connection, cancellationToken).ConfigureAwait(false);
                var command = Command(connection, sql, relation);
                await using var _ = command.ConfigureAwait(false);
                var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                await using var __ = reader.ConfigureAwait(false);
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    onRow(reader);
                }

                return null;
            }
            catch (PostgresException failure) when (!failure.IsTransient && !failure.SqlState.StartsWith("57", StringComparison.Ordinal))
            {
                return await ExistsAsync(connection, relation, cancellationToken).ConfigureAwait(false) ? failure.MessageText : null;
            }
        });

    // In a live cluster a relation may be dropped between the listing and its turn.
    private static async Task<bool> ExistsAsync(NpgsqlConnection connection, uint relation, CancellationToken cancellationToken)
    {
        await ReopenAsync(connection, cancellationToken).ConfigureAwait(false);
        var command = Command(connection, "SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid = $1)", relation);
        await using var _ = command.ConfigureAwait(false);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
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
