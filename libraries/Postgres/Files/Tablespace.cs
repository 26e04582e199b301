using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Files;

/// <summary>A tablespace outside of the data directory.</summary>
/// <param name="Oid">Name of its link in <c>pg_tblspc</c>.</param>
/// <param name="Name">Name in SQL.</param>
/// <param name="Location">Absolute path on the server's host.</param>
public sealed record Tablespace(uint Oid, string Name, string Location)
{
    private const string Links = "pg_tblspc";

    /// <summary>All of a cluster, by oid.</summary>
    /// <exception cref="ClusterException"><see cref="ClusterFailure.Unsuitable"/>: one is a plain directory inside of the data directory.</exception>
    public static Task<IReadOnlyList<Tablespace>> ReadAllAsync(ClusterConnection cluster, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return cluster.QueryAsync(
            """
            SELECT oid, spcname, location, CASE WHEN location LIKE '/%' THEN '/' ELSE pg_catalog.current_setting('data_directory') END
            FROM pg_catalog.pg_tablespace, pg_catalog.pg_tablespace_location(oid) AS location
            WHERE location <> '' ORDER BY oid
            """,
            row => Of(row.GetFieldValue<uint>(0), row.GetString(1), row.GetString(2), row.GetString(3)),
            cancellationToken);
    }

    /// <param name="oid">Its oid.</param>
    /// <param name="name">Its name.</param>
    /// <param name="location">Text of the link, which is relative to the link itself in a cluster that was restored together with its tablespaces.</param>
    /// <param name="dataDirectory">Absolute path of the data directory; asked for only where the link is relative.</param>
    private static Tablespace Of(uint oid, string name, string location, string dataDirectory)
    {
        // The server gives the directory's own path where there is no link. It does not recover a copy of one: a directory there is an error to it.
        if (location == $"{Links}/{oid}")
        {
            throw new ClusterException(
                ClusterFailure.Unsuitable,
                $"tablespace '{name}' lies inside of the data directory, in {location}, as PostgreSQL makes them for its own tests (allow_in_place_tablespaces)",
                "move what it holds to another tablespace (ALTER TABLE ... SET TABLESPACE), and drop it");
        }

        return new Tablespace(oid, name, location.StartsWith('/') ? location : Path.GetFullPath(Path.Combine(dataDirectory, Links, location)));
    }
}
