using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Wal;

/// <summary>The server's own <c>pg_wal</c>, read over SQL with the functions that a base backup needs as well.</summary>
public static class ServerWal
{
    private const int Range = 1 << 20;

    /// <summary>Segments in <c>pg_wal</c>, by name. Files kept for reuse have names of positions that are not reached yet.</summary>
    /// <exception cref="ClusterException">Unreachable or refused.</exception>
    public static async Task<IReadOnlyList<WalName>> ListAsync(ClusterConnection cluster, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var names = await cluster.QueryAsync(
            "SELECT f FROM pg_ls_dir('pg_wal', true, false) AS f WHERE length(f) = 24", row => row.GetString(0), cancellationToken).ConfigureAwait(false);
        return [.. names.Where(name => WalName.TryParse(name, out _)).Select(name => WalName.TryParse(name, out var parsed) ? parsed : default)];
    }

    /// <summary>Bytes of a segment's file; null when it is gone or went meanwhile.</summary>
    /// <exception cref="ClusterException">Unreachable or refused.</exception>
    public static async Task<byte[]?> ReadAsync(ClusterConnection cluster, string name, long segmentSize, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var bytes = new byte[segmentSize];
        for (var at = 0L; at < segmentSize; at += Range)
        {
            var rows = await cluster.QueryAsync(
                "SELECT pg_read_binary_file('pg_wal/' || $1, $2, $3, true)",
                row => row.IsDBNull(0) ? null : row.GetFieldValue<byte[]>(0),
                cancellationToken, name, at, (long)Range).ConfigureAwait(false);
            if (rows is not [{ Length: Range } part])
            {
                return null;
            }

            part.CopyTo(bytes, at);
        }

        return bytes;
    }

    /// <summary>
    /// Content of a timeline's history file; null when the server does not have it. Read as a file: the driver does not understand the answer
    /// of <c>TIMELINE_HISTORY</c>, whose content is text from version 15 on.
    /// </summary>
    /// <exception cref="ClusterException">Unreachable or refused.</exception>
    public static async Task<byte[]?> HistoryAsync(ClusterConnection cluster, uint timeline, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var rows = await cluster.QueryAsync(
            "SELECT pg_read_binary_file('pg_wal/' || $1, 0, $2, true)",
            row => row.IsDBNull(0) ? null : row.GetFieldValue<byte[]>(0),
            cancellationToken, WalName.History(timeline), (long)Range).ConfigureAwait(false);
        return rows[0];
    }

    /// <summary>Up to where the server has WAL on disk, and how that is cut.</summary>
    /// <exception cref="ClusterException">Unreachable or refused.</exception>
    public static async Task<ServerPosition> PositionAsync(ClusterConnection cluster, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var rows = await cluster.QueryAsync(
            "SELECT r, (CASE WHEN r THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END)::text, pg_size_bytes(current_setting('wal_segment_size')) FROM pg_is_in_recovery() r",
            row => new ServerPosition(Lsn.Parse(row.GetString(1)), row.GetInt64(2), row.GetBoolean(0)),
            cancellationToken).ConfigureAwait(false);
        return rows[0];
    }
}

/// <summary>How far the WAL of a server is.</summary>
/// <param name="Position">Everything before it is on the server's disk.</param>
/// <param name="SegmentSize">Bytes.</param>
/// <param name="IsStandby">Whether it receives its WAL from another server, or from an archive.</param>
public sealed record ServerPosition(Lsn Position, long SegmentSize, bool IsStandby);
