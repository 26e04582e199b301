using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Wal;

/// <summary>That a server fails to archive its WAL by itself, as <c>pg_stat_archiver</c> shows it.</summary>
/// <param name="File">The file of <c>pg_wal</c> at which it failed last.</param>
/// <param name="At">When, by the server's clock.</param>
public sealed record ArchiveFailure(string File, DateTimeOffset At)
{
    /// <summary>The last failure of <c>archive_command</c> (or <c>archive_library</c>); null when it worked since, or never failed. Any role may ask.</summary>
    /// <exception cref="ClusterException">Unreachable or refused.</exception>
    public static async Task<ArchiveFailure?> FindAsync(ClusterConnection cluster, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var rows = await cluster.QueryAsync(
            "SELECT last_failed_wal, last_failed_time FROM pg_stat_archiver WHERE last_failed_time > coalesce(last_archived_time, '-infinity')",
            row => new ArchiveFailure(row.GetString(0), row.GetFieldValue<DateTimeOffset>(1)), cancellationToken).ConfigureAwait(false);
        return rows.Count > 0 ? rows[0] : null;
    }
}
