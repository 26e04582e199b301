using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Wal;

/// <summary>That a server fails to archive its WAL by itself, as <c>pg_stat_archiver</c> shows it.</summary>
/// <param name="File">The file of <c>pg_wal</c> at which it failed last.</param>
/// <param name="At">When, by the server's clock.</param>
public sealed record ArchiveFailure(string File, DateTimeOffset At)
{
    /// <summary>
    /// The last failure of <c>archive_command</c> (or <c>archive_library</c>); null when it worked since, never failed, or the server does not archive (any more), as a
    /// standby does not. Any role may ask. A command that is not found (127), or is ended by a signal, does not show here.
    /// </summary>
    /// <exception cref="ClusterException">Unreachable or refused.</exception>
    public static async Task<ArchiveFailure?> FindAsync(ClusterConnection cluster, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var rows = await cluster.QueryAsync(
            """
            SELECT last_failed_wal, last_failed_time FROM pg_stat_archiver
            WHERE last_failed_time > coalesce(last_archived_time, '-infinity')
              AND current_setting('archive_mode') <> 'off' AND (NOT pg_is_in_recovery() OR current_setting('archive_mode') = 'always')
            """,
            row => new ArchiveFailure(row.GetString(0), row.GetFieldValue<DateTimeOffset>(1)), cancellationToken).ConfigureAwait(false);
        return rows.Count > 0 ? rows[0] : null;
    }
}
