using Npgsql;
using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Queries;

/// <summary>A database of a cluster.</summary>
/// <param name="Name">Name, with whatever characters it was given.</param>
/// <param name="Bytes">Size on disk; 0 where the role may not ask, and where a broken DROP DATABASE has removed the files.</param>
/// <param name="Connectable">False for <c>template0</c> and others that take no connections, and for what a DROP DATABASE that was broken off has left (a limit of -2).</param>
public sealed record DatabaseEntry(string Name, long Bytes, bool Connectable);

/// <summary>The databases of a cluster.</summary>
public static class DatabaseList
{
    /// <summary>All of them, by name. Sizes are left out for databases that the role may not connect to.</summary>
    public static Task<IReadOnlyList<DatabaseEntry>> ReadAsync(ClusterConnection cluster, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return cluster.QueryAsync(
            """
            SELECT datname, datallowconn AND datconnlimit <> -2,
                   CASE WHEN has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'MEMBER') THEN coalesce(pg_database_size(oid), 0) ELSE 0 END
            FROM pg_catalog.pg_database ORDER BY datname
            """,
            (NpgsqlDataReader row) => new DatabaseEntry(row.GetString(0), row.GetInt64(2), row.GetBoolean(1)),
            cancellationToken);
    }
}
