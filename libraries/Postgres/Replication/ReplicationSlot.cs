using Npgsql;
using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Replication;

/// <summary>A physical replication slot as <c>pg_replication_slots</c> shows it, and the disk that it holds.</summary>
public sealed record ReplicationSlot
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>True while a receiver is connected to it.</summary>
    public required bool Active { get; init; }

    /// <summary>WAL from here on is kept; null when nothing is reserved.</summary>
    public Lsn? Restart { get; init; }

    /// <summary><c>reserved</c>, <c>extended</c>, <c>unreserved</c> or <c>lost</c>; null when nothing is reserved.</summary>
    public string? WalStatus { get; init; }

    /// <summary>Bytes of WAL that the slot holds back.</summary>
    public long RetainedBytes { get; init; }

    /// <summary>Bytes that may still be written before the slot is lost; null without a limit.</summary>
    public long? SafeBytes { get; init; }

    /// <summary><c>max_slot_wal_keep_size</c> in bytes; null without a limit.</summary>
    public long? KeepLimit { get; init; }

    private const string Columns = """
        SELECT slot_name, active, restart_lsn::text, wal_status,
               coalesce(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END - restart_lsn, 0)::bigint,
               safe_wal_size, (SELECT CASE WHEN setting::bigint < 0 THEN NULL ELSE setting::bigint * 1048576 END FROM pg_settings WHERE name = 'max_slot_wal_keep_size')
        FROM pg_replication_slots WHERE slot_name = $1 AND slot_type = 'physical'
        """;

    /// <summary>Looks for a slot; null when there is none.</summary>
    /// <exception cref="ClusterException">Unreachable or refused.</exception>
    public static async Task<ReplicationSlot?> FindAsync(ClusterConnection cluster, string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var rows = await cluster.QueryAsync(Columns, Read, cancellationToken, name).ConfigureAwait(false);
        return rows.Count > 0 ? rows[0] : null;
    }

    /// <summary>Looks for a slot, and makes it where there is none. A new one keeps WAL from the last checkpoint on at once.</summary>
    /// <exception cref="ClusterException">Unreachable, no privilege, or no free slot.</exception>
    public static async Task<ReplicationSlot> EnsureAsync(ClusterConnection cluster, string name, CancellationToken cancellationToken)
    {
        if (await FindAsync(cluster, name, cancellationToken).ConfigureAwait(false) is { } found)
        {
            return found;
        }

        try
        {
            await cluster.QueryAsync(
                "SELECT slot_name FROM pg_create_physical_replication_slot($1, immediately_reserve => true)", row => row.GetString(0), cancellationToken, name).ConfigureAwait(false);
        }
        catch (ClusterException failure) when (failure.InnerException is PostgresException { SqlState: PostgresErrorCodes.DuplicateObject })
        {
            // Another worker made it at this moment.
        }

        return await FindAsync(cluster, name, cancellationToken).ConfigureAwait(false)
            ?? throw new ClusterException(ClusterFailure.Unreachable, $"replication slot '{name}' was dropped while it was looked at");
    }

    /// <summary>Makes a slot that reserves nothing, as a session's own, and ends the session: whether a backup could make its slot.</summary>
    /// <exception cref="ClusterException">Unreachable, no privilege, or no free slot.</exception>
    public static async Task TryTemporaryAsync(ClusterConnection cluster, string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var session = await cluster.OpenSessionAsync(cancellationToken).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            await cluster.QueryAsync(
                session, "SELECT slot_name FROM pg_create_physical_replication_slot($1, immediately_reserve => false, temporary => true)", row => row.GetString(0), cancellationToken, name).ConfigureAwait(false);
        }
    }

    /// <summary>Drops a slot that no receiver is connected to.</summary>
    /// <exception cref="ClusterException">In use, unreachable or refused.</exception>
    public static Task DropAsync(ClusterConnection cluster, string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return cluster.QueryAsync("SELECT pg_drop_replication_slot($1)::text", row => row.IsDBNull(0) ? "" : row.GetString(0), cancellationToken, name);
    }

    /// <summary>The server need not keep anything before a position for a slot that no receiver is connected to.</summary>
    /// <exception cref="ClusterException">In use, lost, unreachable or refused.</exception>
    public static Task AdvanceAsync(ClusterConnection cluster, string name, Lsn position, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return cluster.QueryAsync(
            "SELECT end_lsn::text FROM pg_replication_slot_advance($1, $2::pg_lsn)", row => row.GetString(0), cancellationToken, name, position.ToString());
    }

    private static ReplicationSlot Read(NpgsqlDataReader row) => new()
    {
        Name = row.GetString(0),
        Active = row.GetBoolean(1),
        Restart = row.IsDBNull(2) ? null : Lsn.Parse(row.GetString(2)),
        WalStatus = row.IsDBNull(3) ? null : row.GetString(3),
        RetainedBytes = row.GetInt64(4),
        SafeBytes = row.IsDBNull(5) ? null : row.GetInt64(5),
        KeepLimit = row.IsDBNull(6) ? null : row.GetInt64(6),
    };
}
