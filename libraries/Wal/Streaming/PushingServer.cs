using System.Globalization;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Replication;
using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Wal.Streaming;

/// <summary>
/// Watches a server that pushes its WAL: how far it has written, whether its <c>archive_command</c> works, what a forgotten slot holds, and whether it is still on the
/// timeline that the session began with. Nothing else would end such a session: no stream breaks off.
/// </summary>
internal sealed class PushingServer(
    ClusterConnection cluster, WalStream stream, ClusterArchive archive, WalArchiverOptions options, ArchiverState state, TimeProvider clock, IWalJournal journal)
{
    /// <summary>A server pushes a segment as soon as it is whole; what was pushed is looked at every half minute.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Up to where WAL was pushed at the last look; null before the first.</summary>
    private Lsn? _pushed;

    /// <summary>From here on whole segments are counted: there or, where nothing of the timeline was pushed yet, where the server was.</summary>
    private Lsn _from;

    /// <summary>Timestamp since when whole segments wait and that position does not move; null while none waits.</summary>
    private long? _stuckSince;

    /// <summary>Runs until the server is on another timeline: the next session goes by that.</summary>
    /// <exception cref="ClusterException">It does not answer: it may be another one when it is back.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while ((await stream.IdentifyAsync(cancellationToken).ConfigureAwait(false)).Timeline == stream.Server.Timeline)
        {
            try
            {
                await LookAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (ClusterException)
            {
                // It may have no connection to spare, and pushes all the same. Whether it is gone shows on the connection that is held.
            }

            await Task.Delay(options.WatchInterval, clock, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var asked = clock.GetUtcNow();
        var server = await ServerWal.PositionAsync(cluster, cancellationToken).ConfigureAwait(false);
        var slot = await ReplicationSlot.FindAsync(cluster, options.Slot, cancellationToken).ConfigureAwait(false);
        var failure = await ArchiveFailure.FindAsync(cluster, cancellationToken).ConfigureAwait(false);
        var backlog = Backlog(server);
        var problem = failure is not null
            ? string.Create(CultureInfo.InvariantCulture, $"the server's archive_command fails, last at {failure.At.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'} with {failure.File}, and the server keeps its WAL until it works")
            : backlog;
        var before = state.Status.PushProblem;
        if (problem is not null && before is null)
        {
            journal.Warning($"WAL of cluster '{options.Cluster}' is not archived now: {problem}");
        }
        else if (problem is null && before is not null)
        {
            journal.Info($"WAL of cluster '{options.Cluster}' is archived again: archive_command works");
        }

        state.Set(status => status with { Server = server.Position, ServerAt = asked, Slot = slot, SpoolSegments = archive.Spool.Waiting, PushProblem = problem });
    }

    /// <summary>What waits without any being pushed. A command that is not found, or is ended by a signal, ends the server's archiver, which never counts that as a failure.</summary>
    private string? Backlog(ServerPosition server)
    {
        var files = new WalFiles(server.SegmentSize);
        var pushed = state.Status.Archived;
        if (pushed != _pushed)
        {
            (_pushed, _from, _stuckSince) = (pushed, pushed == default ? server.Position : pushed, null);
        }

        var (reached, first) = (files.NumberAt(server.Position), files.NumberAt(_from));
        if (reached <= first + 1)
        {
            _stuckSince = null; // The one that was finished last may be on its way.
            return null;
        }

        _stuckSince ??= clock.GetTimestamp();
        var stuck = clock.GetElapsedTime(_stuckSince.Value);
        return stuck <= Patience ? null : string.Create(
            CultureInfo.InvariantCulture, $"{reached - first} whole segments were not pushed for {(int)stuck.TotalMinutes} minutes: look at the server's log for what archive_command says");
    }
}
