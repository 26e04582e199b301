using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Postgres.Backups;

/// <summary>
/// A base backup by the low-level API (PostgreSQL manual, "Making a Base Backup Using the Low Level API"). One connection is
/// held from start to stop: when it breaks, the server abandons the backup by itself and drops the slot.
/// </summary>
public sealed partial class BaseBackupSession : IAsyncDisposable
{
    private readonly ClusterConnection _cluster;
    private readonly NpgsqlConnection _connection;

    /// <summary>A position that the server has reached.</summary>
    private ulong _reached;

    private BaseBackupSession(ClusterConnection cluster, NpgsqlConnection connection, ServerFacts server)
    {
        _cluster = cluster;
        _connection = connection;
        Server = server;
    }

    /// <summary>The server that is read.</summary>
    public ServerFacts Server { get; }

    /// <summary>Every change before this position is in the files; later ones come from WAL.</summary>
    public Lsn Start { get; private set; }

    /// <summary>
    /// Makes a temporary replication slot that keeps all WAL from now on, then starts the backup with a checkpoint.
    /// </summary>
    /// <param name="cluster">Where to connect. The session disposes only its own connection.</param>
    /// <param name="label">Text for <c>backup_label</c>.</param>
    /// <param name="checkpoint">How the server makes it.</param>
    /// <param name="cancellationToken">Ends the wait for the checkpoint.</param>
    /// <exception cref="ClusterException">Unreachable, not permitted, or not suitable.</exception>
    public static async Task<BaseBackupSession> StartAsync(ClusterConnection cluster, string label, StartCheckpoint checkpoint, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var connection = await cluster.OpenSessionAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var session = new BaseBackupSession(
                cluster, connection, await ServerFacts.ReadAsync(cluster, connection, cancellationToken).ConfigureAwait(false));
            await session.StartAsync(label, checkpoint, cancellationToken).ConfigureAwait(false);
            return session;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Whether the server can have changed a page since the start: then the WAL of the backup holds the page whole, and what was read of it does not matter. The server writes a page
    /// only after its WAL, so that one with a position that is not reached yet was never written by it. Safe from any thread.
    /// </summary>
    /// <param name="page">Position of the last change, as a page that was read before claims it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ClusterException">The server does not answer.</exception>
    public async ValueTask<bool> CanHaveChangedAsync(Lsn page, CancellationToken cancellationToken)
    {
        if (page < Start || CanHaveChanged(page))
        {
            return page >= Start;
        }

        var now = (await ServerWal.PositionAsync(_cluster, cancellationToken).ConfigureAwait(false)).Position.Value;
        for (var known = Volatile.Read(ref _reached); known < now;)
        {
            known = Interlocked.CompareExchange(ref _reached, now, known) is var seen && seen == known ? now : seen;
        }

        return CanHaveChanged(page);
    }

    /// <summary>The same by the last answer of the server. It must have been asked since the page was read.</summary>
    public bool CanHaveChanged(Lsn page) => page >= Start && page.Value <= Volatile.Read(ref _reached);

    /// <summary>
    /// Ends the backup. A primary switches to a new WAL segment, so that the one with the stop point is whole; a standby has written everything
    /// before the stop point. WAL stays reserved by the slot until the session is disposed.
    /// </summary>
    public async Task<BackupStop> StopAsync(CancellationToken cancellationToken)
    {
        var rows = await _cluster.QueryAsync(
            _connection,
            "SELECT lsn::text, labelfile, coalesce(spcmapfile, '') FROM pg_catalog.pg_backup_stop(wait_for_archive => false)",
            row => (Lsn: row.GetString(0), Label: row.GetString(1), Tablespaces: row.GetString(2)),
            cancellationToken).ConfigureAwait(false);
        var (stop, label, tablespaces) = rows[0];
        var timeline = uint.Parse(TimelineLine().Match(label).Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        await RequireSameTimelineAsync(timeline, cancellationToken).ConfigureAwait(false);
        return new BackupStop
        {
            Stop = Lsn.Parse(stop),
            Timeline = timeline,
            BackupLabel = label,
            TablespaceMap = tablespaces,
        };
    }

    /// <summary>The server refuses a backup during which a standby was promoted, and not one during which it followed its primary to another timeline: a copy would ask for WAL of both.</summary>
    private async Task RequireSameTimelineAsync(uint began, CancellationToken cancellationToken)
    {
        if (!Server.InRecovery)
        {
            return;
        }

        var ended = await _cluster.QueryAsync(
            _connection, "SELECT min_recovery_end_timeline::bigint FROM pg_catalog.pg_control_recovery()", row => row.GetInt64(0), cancellationToken).ConfigureAwait(false);
        if (ended[0] > began)
        {
            throw new ClusterException(ClusterFailure.Unsuitable, $"the standby followed its primary from timeline {began} to {ended[0]} during the backup", "take the backup again");
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task StartAsync(string label, StartCheckpoint checkpoint, CancellationToken cancellationToken)
    {
        var slot = $"stella_base_{Guid.NewGuid():n}";
        await _cluster.QueryAsync(
            _connection,
            "SELECT slot_name FROM pg_catalog.pg_create_physical_replication_slot($1, immediately_reserve => true, temporary => true)",
            row => row.GetString(0),
            cancellationToken,
            slot).ConfigureAwait(false);
        var start = await _cluster.RunAsync(async () =>
        {
            // The checkpoint behind it takes as long as the server has changed pages to write: no timeout but the caller's.
            var command = new NpgsqlCommand("SELECT pg_catalog.pg_backup_start($1, fast => $2)::text", _connection)
            {
                CommandTimeout = 0,
                Parameters = { new NpgsqlParameter { Value = label }, new NpgsqlParameter { Value = checkpoint == StartCheckpoint.Fast } },
            };
            await using var _ = command.ConfigureAwait(false);
            return (string)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        }).ConfigureAwait(false);
        Start = Lsn.Parse(start);
    }

    [GeneratedRegex(@"^START TIMELINE: (\d+)", RegexOptions.Multiline)]
    private static partial Regex TimelineLine();
}
