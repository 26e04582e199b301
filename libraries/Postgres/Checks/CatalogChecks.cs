using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Checks;

/// <summary>What the catalogs of a database say of its integrity. Each remark ends with the statement that settles it.</summary>
public static class CatalogChecks
{
    /// <summary>Constraints that were never checked against the rows that were there, and indexes that no query may use.</summary>
    public static async Task<CheckFindings> ConstraintsAsync(ClusterConnection database, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        var counted = await database.QueryAsync("SELECT count(*) FROM pg_catalog.pg_constraint WHERE conrelid <> 0", row => row.GetInt64(0), cancellationToken).ConfigureAwait(false);

        // A constraint that is not enforced (from version 18 on) is never valid, by intent; to_jsonb knows the column where it exists.
        var open = await database.QueryAsync(
            """
            SELECT format('constraint %I of table %I.%I was not validated: ALTER TABLE %2$I.%3$I VALIDATE CONSTRAINT %1$I;', conname, nspname, relname)
            FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE NOT convalidated AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
            UNION ALL
            SELECT format('index %I.%I is not valid, an earlier CREATE INDEX CONCURRENTLY broke off: REINDEX INDEX CONCURRENTLY %1$I.%2$I;', nspname, relname)
            FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE NOT indisvalid AND c.relkind = 'i'
            ORDER BY 1
            """,
            row => row.GetString(0),
            cancellationToken).ConfigureAwait(false);
        return new CheckFindings(counted[0], [], open);
    }

    /// <summary>The collation that text indexes were built with, against that of this host: after a move they may be in the wrong order.</summary>
    public static async Task<CheckFindings> CollationAsync(ClusterConnection database, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        var rows = await database.QueryAsync(
            """
            SELECT datname, datcollversion, pg_database_collation_actual_version(oid) FROM pg_catalog.pg_database WHERE datname = current_database()
            """,
            row => (Name: row.GetString(0), Recorded: row.IsDBNull(1) ? null : row.GetString(1), Actual: row.IsDBNull(2) ? null : row.GetString(2)),
            cancellationToken).ConfigureAwait(false);
        var (name, recorded, actual) = rows[0];
        return new CheckFindings(1, [], recorded is null || recorded == actual
            ? []
            : [$"indexes of text were built with version {recorded} of the collation, this host has {actual}: REINDEX DATABASE {Sql.Identifier(name)}; ALTER DATABASE {Sql.Identifier(name)} REFRESH COLLATION VERSION;"]);
    }
}
