using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Files;

/// <summary>A tablespace outside of the data directory.</summary>
/// <param name="Oid">Name of its link in <c>pg_tblspc</c>.</param>
/// <param name="Name">Name in SQL.</param>
/// <param name="Location">Absolute path on the server's host.</param>
public sealed record Tablespace(uint Oid, string Name, string Location)
{
    /// <summary>All of a cluster, by oid. Tablespaces in place, which PostgreSQL has for its own tests, are plain directories.</summary>
    public static Task<IReadOnlyList<Tablespace>> ReadAllAsync(ClusterConnection cluster, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return cluster.QueryAsync(
            """
            SELECT oid, spcname, location
            FROM pg_catalog.pg_tablespace, pg_catalog.pg_tablespace_location(oid) AS location
            WHERE location LIKE '/%' ORDER BY oid
            """,
            row => new Tablespace(row.GetFieldValue<uint>(0), row.GetString(1), row.GetString(2)),
            cancellationToken);
    }
}
