using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Checks;

/// <summary>Where a database of a live cluster has amcheck, or what has to be done for it.</summary>
/// <param name="Schema">Schema of the extension; null where it cannot be used.</param>
/// <param name="Reason">Why it cannot be used, and the statements that change that; null where it can.</param>
public sealed record LiveAmcheck(string? Schema, string? Reason)
{
    private const string Functions = "'bt_index_check', 'verify_heapam', 'gin_index_check'";

    /// <summary>Looks for the extension, and whether the role may call its functions: only superusers may by default.</summary>
    public static async Task<LiveAmcheck> FindAsync(ClusterConnection database, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        var rows = await database.QueryAsync(
            $"""
            SELECT (SELECT nspname FROM pg_catalog.pg_extension JOIN pg_catalog.pg_namespace n ON n.oid = extnamespace WHERE extname = 'amcheck'),
                   EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'amcheck'),
                   ARRAY(SELECT p.oid::regprocedure::text
                     FROM pg_catalog.pg_extension e
                     JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.classid = 'pg_proc'::regclass
                     JOIN pg_catalog.pg_proc p ON p.oid = d.objid
                     WHERE e.extname = 'amcheck' AND p.proname IN ({Functions}) AND NOT (has_function_privilege(p.oid, 'EXECUTE') AND has_schema_privilege(p.pronamespace, 'USAGE')))
            """,
            row => (Schema: row.IsDBNull(0) ? null : row.GetString(0), Available: row.GetBoolean(1), Denied: row.GetFieldValue<string[]>(2)),
            cancellationToken).ConfigureAwait(false);
        var (schema, available, denied) = rows[0];
        var role = Sql.Identifier(database.Role);
        return (schema, available) switch
        {
            (null, false) => new(null, "the extension amcheck is not installed with PostgreSQL on its host: install the contrib package of PostgreSQL, then run deploy/postgresql/integrity.sql in this database"),
            (null, true) => new(null, "the extension amcheck is not in this database: run deploy/postgresql/integrity.sql in it, as a superuser"),
            _ when denied.Length > 0 => new(null, $"role '{database.Role}' may not call amcheck: as a superuser, GRANT EXECUTE ON FUNCTION {string.Join(", ", denied)} TO {role}; GRANT USAGE ON SCHEMA {Sql.Identifier(schema)} TO {role};"),
            _ => new(schema, null),
        };
    }
}
