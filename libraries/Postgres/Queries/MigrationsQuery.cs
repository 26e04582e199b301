using Npgsql;
using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Queries;

/// <summary>A row of a <c>schema_migrations</c> table.</summary>
/// <param name="Name">Name or version of the migration.</param>
/// <param name="Checksum">Its checksum, where the table has one.</param>
public sealed record AppliedMigration(string Name, string? Checksum);

/// <summary>Content of one <c>schema_migrations</c> table.</summary>
/// <param name="Schema">Schema that holds the table.</param>
/// <param name="Applied">Its rows, in the order of application as far as the table tells it.</param>
public sealed record MigrationTable(string Schema, IReadOnlyList<AppliedMigration> Applied);

/// <summary>Which migrations the schemas of a database had seen. Tools differ in the columns of the table; the usual ones are known.</summary>
public static class MigrationsQuery
{
    private static readonly string[] NameColumns = ["migration_name", "name", "version", "migration_id", "filename", "id"];
    private static readonly string[] ChecksumColumns = ["checksum", "hash", "sha256"];
    private static readonly string[] OrderColumns = ["applied_at", "executed_at", "installed_on", "created_at", "id", "version"];

    /// <summary>Reads every table of that name in the database that the connection is for.</summary>
    /// <exception cref="ClusterException">The role may not connect or read.</exception>
    public static async Task<IReadOnlyList<MigrationTable>> ReadAsync(ClusterConnection database, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        var connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        var columns = await database.QueryAsync(
            connection,
            """
            SELECT n.nspname, array_agg(a.attname::text)
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relname = 'schema_migrations' AND c.relkind IN ('r', 'p')
            GROUP BY n.nspname ORDER BY n.nspname
            """,
            row => (Schema: row.GetString(0), Columns: row.GetFieldValue<string[]>(1)),
            cancellationToken).ConfigureAwait(false);
        var tables = new List<MigrationTable>();
        foreach (var (schema, names) in columns)
        {
            if (Statement(schema, names) is { } statement)
            {
                tables.Add(new MigrationTable(
                    schema,
                    await database.QueryAsync(
                        connection,
                        statement,
                        row => new AppliedMigration(row.GetString(0), row.IsDBNull(1) ? null : row.GetString(1)),
                        cancellationToken).ConfigureAwait(false)));
            }
        }

        return tables;
    }

    private static string? Statement(string schema, string[] columns)
    {
        if (NameColumns.FirstOrDefault(columns.Contains) is not { } name)
        {
            return null;
        }

        var checksum = ChecksumColumns.FirstOrDefault(columns.Contains);
        var order = OrderColumns.Where(columns.Contains).Append(name).Distinct().Select(Sql.Identifier);
        return $"""
            SELECT {Sql.Identifier(name)}::text, {(checksum is null ? "NULL" : $"{Sql.Identifier(checksum)}::text")}
            FROM {Sql.Identifier(schema)}.schema_migrations
            WHERE {Sql.Identifier(name)} IS NOT NULL ORDER BY {string.Join(", ", order)}
            """;
    }
}
