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
            SELECT name AS path, s.isdir, s.size, s.modification, s.change
            FROM pg_catalog.pg_ls_dir('.', true, false) AS name, pg_catalog.pg_stat_file('./' || name, true) AS s
          UNION ALL
            SELECT tree.path || '/' || name, s.isdir, s.size, s.modification, s.change
            FROM tree,
                 pg_catalog.pg_ls_dir('./' || tree.path, true, false) AS name,
                 pg_catalog.pg_stat_file('./' || tree.path || '/' || name, true) AS s
            WHERE tree.isdir AND tree.path <> ALL ($1)
              AND (tree.path !~ '^pg_tblspc/[0-9]+$' OR name = $2)
        )
        SELECT path, isdir, size, modification, change FROM tree WHERE isdir IS NOT NULL
        """;

    private readonly ILookup<string, ClusterFile> _byDirectory;

    private ClusterListing(IReadOnlyList<ClusterFile> files, IReadOnlyList<Tablespace> tablespaces, DateTimeOffset fileClock, DateTimeOffset serverClock)
    {
        (Files, Tablespaces, FileClock, ServerClock) = (files, tablespaces, fileClock, serverClock);
        _byDirectory = files.ToLookup(file => file.Directory, StringComparer.Ordinal);
    }

    /// <summary>Everything that belongs into the backup, in no order.</summary>
    public IReadOnlyList<ClusterFile> Files { get; }

    /// <summary>Tablespaces outside of the data directory.</summary>
    public IReadOnlyList<Tablespace> Tablespaces { get; }

    /// <summary>
    /// When <c>pg_control</c> was last written before the listing, which the checkpoint at the start of a backup does. It is of the
    /// clock that stamps the files: whatever is written after the listing has this time or a later one.
    /// </summary>
    public DateTimeOffset FileClock { get; }

    /// <summary>When the data directory was made: the ctime of <c>PG_VERSION</c>, which no server ever writes again.</summary>
    public DateTimeOffset? DirectoryMadeAt => Files.FirstOrDefault(file => file.Path == "PG_VERSION")?.Changed;

    /// <summary>Clock of the server after the listing.</summary>
    public DateTimeOffset ServerClock { get; }

    /// <summary>Entries of a directory, given by its path relative to the data directory (empty for itself).</summary>
    public IEnumerable<ClusterFile> In(string directory) => _byDirectory[directory];

    /// <summary>Lists the cluster. Call it after the backup has started: what is made later comes back from WAL.</summary>
    /// <param name="cluster">Where to connect.</param>
    /// <param name="majorVersion">Major version of the server.</param>
    /// <param name="control">Its control data.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ClusterException"><see cref="ClusterFailure.Unsuitable"/>: the files of a tablespace are not there.</exception>
    public static async Task<ClusterListing> ReadAsync(
        ClusterConnection cluster, int majorVersion, ControlData control, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(control);
        // First: read together with the rest, it could be newer than what was listed before it.
        var fileClock = await cluster.QueryAsync(
            "SELECT modification FROM pg_catalog.pg_stat_file($1, false)", row => row.GetFieldValue<DateTimeOffset>(0), cancellationToken, ControlData.Path).ConfigureAwait(false);
        var versionDirectory = $"PG_{majorVersion}_{control.CatalogVersion}";
        var listing = await cluster.QueryAsync(
            Sql,
            row => new ClusterFile(
                row.GetString(0), row.GetBoolean(1), row.GetInt64(2), row.GetFieldValue<DateTimeOffset>(3), row.GetFieldValue<DateTimeOffset>(4)),
            cancellationToken,
            BackupExclusions.EmptiedDirectories.ToArray(),
            versionDirectory).ConfigureAwait(false);
        var tablespaces = await Tablespace.ReadAllAsync(cluster, cancellationToken).ConfigureAwait(false);
        RequireFiles(tablespaces, listing, versionDirectory);
        var serverClock = await cluster.QueryAsync(
            "SELECT pg_catalog.clock_timestamp()", row => row.GetFieldValue<DateTimeOffset>(0), cancellationToken).ConfigureAwait(false);
        return new ClusterListing([.. BackupExclusions.Apply(listing)], tablespaces, fileClock[0], serverClock[0]);
    }

    // CREATE TABLESPACE makes the directory, and only DROP TABLESPACE removes it. Without it a backup would silently lack all that the tablespace holds.
    private static void RequireFiles(IReadOnlyList<Tablespace> tablespaces, IReadOnlyList<ClusterFile> listing, string versionDirectory)
    {
        var directories = listing.Where(file => file.IsDirectory).Select(file => file.Path).ToHashSet(StringComparer.Ordinal);
        if (tablespaces.FirstOrDefault(tablespace => !directories.Contains($"pg_tblspc/{tablespace.Oid}/{versionDirectory}")) is { } missing)
        {
            throw new ClusterException(
                ClusterFailure.Unsuitable,
                $"the directory of tablespace '{missing.Name}', {missing.Location}/{versionDirectory}, is not there: is its disk mounted?",
                "mount it where the server expects it; where the tablespace was made or dropped at this moment, just try again");
        }
    }
}
