using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Control;

namespace StellaOps.Backup.Postgres.Files;

/// <summary>The files of a base backup, as one recursive statement finds them on the server.</summary>
public sealed class ClusterListing
{
    // Links in pg_tblspc are followed into the one subdirectory that belongs to this server version: others in the same
    // place are of other clusters. Content of emptied directories is not even listed.
    private const string Sql = """
        WITH RECURSIVE tree AS (
            SELECT name AS path, s.isdir, s.size, s.modification
            FROM pg_catalog.pg_ls_dir('.', true, false) AS name, pg_catalog.pg_stat_file('./' || name, true) AS s
          UNION ALL
            SELECT tree.path || '/' || name, s.isdir, s.size, s.modification
            FROM tree,
                 pg_catalog.pg_ls_dir('./' || tree.path, true, false) AS name,
                 pg_catalog.pg_stat_file('./' || tree.path || '/' || name, true) AS s
            WHERE tree.isdir AND tree.path <> ALL ($1)
              AND (tree.path !~ '^pg_tblspc/[0-9]+$' OR name = $2)
        )
        SELECT path, isdir, size, modification FROM tree WHERE isdir IS NOT NULL
        """;

    private readonly ILookup<string, ClusterFile> _byDirectory;

    private ClusterListing(IReadOnlyList<ClusterFile> files, IReadOnlyList<Tablespace> tablespaces)
    {
        Files = files;
        Tablespaces = tablespaces;
        _byDirectory = files.ToLookup(file => file.Directory, StringComparer.Ordinal);
    }

    /// <summary>Everything that belongs into the backup, in no order.</summary>
    public IReadOnlyList<ClusterFile> Files { get; }

    /// <summary>Tablespaces outside of the data directory.</summary>
    public IReadOnlyList<Tablespace> Tablespaces { get; }

    /// <summary>Entries of a directory, given by its path relative to the data directory (empty for itself).</summary>
    public IEnumerable<ClusterFile> In(string directory) => _byDirectory[directory];

    /// <summary>Lists the cluster. Call it after the backup has started: what is made later comes back from WAL.</summary>
    /// <param name="cluster">Where to connect.</param>
    /// <param name="majorVersion">Major version of the server.</param>
    /// <param name="control">Its control data.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<ClusterListing> ReadAsync(
        ClusterConnection cluster, int majorVersion, ControlData control, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(control);
        var listing = await cluster.QueryAsync(
            Sql,
            row => new ClusterFile(row.GetString(0), row.GetBoolean(1), row.GetInt64(2), row.GetFieldValue<DateTimeOffset>(3)),
            cancellationToken,
            BackupExclusions.EmptiedDirectories.ToArray(),
            $"PG_{majorVersion}_{control.CatalogVersion}").ConfigureAwait(false);
        return new ClusterListing(
            [.. BackupExclusions.Apply(listing)], await Tablespace.ReadAllAsync(cluster, cancellationToken).ConfigureAwait(false));
    }
}
