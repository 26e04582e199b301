using System.Globalization;
using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Checks;

/// <summary>
/// Sequences whose next value is in their column already, where that must be unique: the next insert fails. Only whole numbers, and
/// only where an index gives the largest value without reading the table.
/// </summary>
public static class SequenceCheck
{
    private const string Pairs = """
        WITH pair AS (
            SELECT objid AS sequence, refobjid AS relation, refobjsubid AS number
            FROM pg_catalog.pg_depend
            WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i') AND refobjsubid > 0
            UNION
            SELECT d.refobjid, adrelid, adnum
            FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attrdef a ON a.oid = d.objid
            WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass)
        SELECT format('%I.%I', sn.nspname, s.relname), format('%I.%I', tn.nspname, t.relname), quote_ident(attname), seqincrement
        FROM pair
        JOIN pg_catalog.pg_class s ON s.oid = sequence AND s.relkind = 'S' AND s.relpersistence <> 't'
        JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
        JOIN pg_catalog.pg_sequence q ON seqrelid = s.oid AND NOT seqcycle
        JOIN pg_catalog.pg_class t ON t.oid = relation AND t.relkind IN ('r', 'p') AND NOT t.relispartition
        JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
        JOIN pg_catalog.pg_attribute c ON attrelid = t.oid AND attnum = number AND atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
        WHERE EXISTS (SELECT FROM pg_catalog.pg_index
            WHERE indrelid = t.oid AND indisunique AND indisvalid AND indnkeyatts = 1 AND indkey[0] = attnum AND indpred IS NULL)
        ORDER BY 1, 2, 3
        """;

    /// <summary>Compares every sequence of a database with the columns that take its values.</summary>
    public static async Task<CheckFindings> RunAsync(ClusterConnection database, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        var connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        var pairs = await database.QueryAsync(
            connection, Pairs, row => (Sequence: row.GetString(0), Table: row.GetString(1), Column: row.GetString(2), Step: row.GetInt64(3)), cancellationToken).ConfigureAwait(false);
        var problems = new List<string>();
        foreach (var (sequence, table, column, step) in pairs)
        {
            // The sequence is read after the snapshot was taken: what is inserted meanwhile makes it no smaller.
            var extreme = step > 0 ? "max" : "min";
            var rows = await database.QueryAsync(
                connection,
                $"SELECT (SELECT {extreme}({column})::bigint FROM {table}), last_value, is_called FROM {sequence}",
                row => (Column: row.IsDBNull(0) ? (long?)null : row.GetInt64(0), Last: row.GetInt64(1), Called: row.GetBoolean(2)),
                cancellationToken).ConfigureAwait(false);
            var (used, last, called) = rows[0];
            var next = called ? last + step : last;
            if (used is { } value && (step > 0 ? value >= next : value <= next))
            {
                problems.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"sequence {sequence} gives {next} next, column {column} of table {table} has {value} already: SELECT setval({Sql.Literal(sequence)}, {value});"));
            }
        }

        return new CheckFindings(pairs.Count, problems, []);
    }
}
