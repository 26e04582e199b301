using System.Globalization;
using Npgsql;
using Npgsql.Replication;
using NpgsqlTypes;
using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Replication;

/// <summary>
/// A connection of the replication protocol (PostgreSQL manual, "Streaming Replication Protocol"): who the server is, and
/// the bytes of its WAL.
/// </summary>
public sealed class WalStream : IAsyncDisposable
{
    private static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(1), SilenceLimit = TimeSpan.FromSeconds(30);
    private readonly ClusterConnection _cluster;
    private readonly PhysicalReplicationConnection _connection;

    private WalStream(ClusterConnection cluster, PhysicalReplicationConnection connection) => (_cluster, _connection) = (cluster, connection);

    /// <summary>The server, as <c>IDENTIFY_SYSTEM</c> told it when this was opened.</summary>
    public required ServerIdentity Server { get; init; }

    /// <summary>Connects.</summary>
    /// <exception cref="ClusterException">Unreachable, or the role may not replicate.</exception>
    public static async Task<WalStream> OpenAsync(ClusterConnection cluster, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        var connection = new PhysicalReplicationConnection(cluster.ReplicationConnectionString)
        {
            WalReceiverStatusInterval = StatusInterval,
            WalReceiverTimeout = SilenceLimit,
        };
        try
        {
            var identity = await cluster.RunAsync(async () =>
            {
                await connection.Open(cancellationToken).ConfigureAwait(false);
                return await connection.IdentifySystem(cancellationToken).ConfigureAwait(false);
            }).ConfigureAwait(false);
            return new WalStream(cluster, connection) { Server = ToServer(identity) };
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Asks once more who the server is; not while it streams.</summary>
    /// <exception cref="ClusterException">The connection is lost.</exception>
    public async Task<ServerIdentity> IdentifyAsync(CancellationToken cancellationToken) =>
        ToServer(await _cluster.RunAsync(() => _connection.IdentifySystem(cancellationToken)).ConfigureAwait(false));

    /// <summary>
    /// Streams from a position of a timeline. The stream of a timeline that the server has left ends, as a lost connection does, with a
    /// <see cref="ClusterException"/>. While the caller holds a message nothing is read from the server; acknowledgements go on.
    /// </summary>
    public async IAsyncEnumerable<XLogDataMessage> ReadAsync(
        string slot, uint timeline, Lsn start, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var messages = _connection.StartReplication(
            new PhysicalReplicationSlot(slot), new NpgsqlLogSequenceNumber(start.Value), cancellationToken, timeline).GetAsyncEnumerator(cancellationToken);
        await using var _ = messages.ConfigureAwait(false);
        while (await _cluster.RunAsync(async () => await messages.MoveNextAsync().ConfigureAwait(false)).ConfigureAwait(false))
        {
            yield return messages.Current;
        }
    }

    /// <summary>The server need not keep anything before this position for the slot any more. Sent within a second.</summary>
    public void Acknowledge(Lsn position) => _connection.SetReplicationStatus(new NpgsqlLogSequenceNumber(position.Value));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private static ServerIdentity ToServer(ReplicationSystemIdentification identity) =>
        new(ulong.Parse(identity.SystemId, CultureInfo.InvariantCulture), identity.Timeline, new Lsn((ulong)identity.XLogPos));
}

/// <summary>A server, as <c>IDENTIFY_SYSTEM</c> tells it.</summary>
/// <param name="SystemIdentifier">Cluster.</param>
/// <param name="Timeline">Current timeline.</param>
/// <param name="Position">Position that is flushed to disk.</param>
public sealed record ServerIdentity(ulong SystemIdentifier, uint Timeline, Lsn Position);
