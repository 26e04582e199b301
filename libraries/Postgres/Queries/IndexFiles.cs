using Npgsql;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Pages;

namespace StellaOps.Backup.Postgres.Queries;

/// <summary>Which relations are indexes, by the numbers of their files. What is made after they were read counts as a table.</summary>
public sealed class IndexFiles
{
    private readonly HashSet<(uint Database, uint FileNode)> _indexes = [];

    /// <summary>Whether a file belongs to an index.</summary>
    public bool Contains(RelationFile file) => _indexes.Contains((file.Database, file.FileNode));

    /// <summary>Asks databases for their indexes, each over a connection of its own.</summary>
    /// <param name="cluster">Where to connect.</param>
    /// <param name="databases">Numbers of the databases; those that take no connections are passed over.</param>
    /// <param name="lockTimeout">How long to wait where somebody has locked a catalog.</param>
    /// <param name="onUnreadable">Hears of a database that does not answer the question, and why.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ClusterException">The cluster is unreachable.</exception>
    public static async Task<IndexFiles> ReadAsync(
        ClusterConnection cluster, IEnumerable<uint> databases, TimeSpan lockTimeout, Action<string, ClusterException> onUnreadable, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(databases);
        ArgumentNullException.ThrowIfNull(onUnreadable);
        var found = new IndexFiles();
        var names = await cluster.QueryAsync(
            "SELECT oid, datname FROM pg_catalog.pg_database WHERE oid = ANY ($1::bigint[]::oid[]) AND datallowconn AND datconnlimit <> -2",
            row => (Oid: row.GetFieldValue<uint>(0), Name: row.GetString(1)),
            cancellationToken,
            databases.Select(oid => (long)oid).ToArray()).ConfigureAwait(false);
        foreach (var (oid, name) in names)
        {
            try
            {
                await found.AddAsync(cluster, oid, name, lockTimeout, cancellationToken).ConfigureAwait(false);
            }
            catch (ClusterException unreadable) when (IsOfThatDatabase(unreadable))
            {
                onUnreadable(name, unreadable);
            }
        }

        return found;
    }

    // Dropped meanwhile, not open to the role, out of connections of its own, or locked.
    private static bool IsOfThatDatabase(ClusterException unreadable) =>
        unreadable.Failure is ClusterFailure.PermissionDenied or ClusterFailure.QueryFailed or ClusterFailure.Unsuitable
        || unreadable.GetBaseException() is TimeoutException or PostgresException { SqlState: PostgresErrorCodes.TooManyConnections };

    private async Task AddAsync(ClusterConnection cluster, uint oid, string name, TimeSpan lockTimeout, CancellationToken cancellationToken)
    {
        var database = cluster.ToDatabase(name, lockTimeout);
        await using var _ = database.ConfigureAwait(false);
        var nodes = await database.QueryAsync(
            "SELECT node FROM (SELECT pg_catalog.pg_relation_filenode(oid) AS node FROM pg_catalog.pg_class WHERE relkind = 'i') AS index WHERE node IS NOT NULL",
            row => row.GetFieldValue<uint>(0),
            cancellationToken).ConfigureAwait(false);
        _indexes.UnionWith(nodes.Select(node => (oid, node)));
    }
}
