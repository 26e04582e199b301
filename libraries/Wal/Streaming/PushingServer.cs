using System.Globalization;
using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Replication;
using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Wal.Streaming;

/// <summary>
/// Watches a server that pushes its WAL: how far it has written, whether its <c>archive_command</c> works, and whether it is still on the timeline that the session
/// began with. Nothing else would end such a session: no stream breaks off.
/// </summary>
internal sealed class PushingServer(ClusterConnection cluster, WalStream stream, WalArchiverOptions options, ArchiverState state, TimeProvider clock, IWalJournal journal)
{
    /// <summary>Runs until the server is on another timeline: the next session goes by that.</summary>
    /// <exception cref="ClusterException">It does not answer, or refuses: it may be another one when it is back.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while ((await stream.IdentifyAsync(cancellationToken).ConfigureAwait(false)).Timeline == stream.Server.Timeline)
        {
            await LookAsync(cancellationToken).ConfigureAwait(false);
            await Task.Delay(options.WatchInterval, clock, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var asked = clock.GetUtcNow();
        var (position, _, _) = await ServerWal.PositionAsync(cluster, cancellationToken).ConfigureAwait(false);
        var problem = await ArchiveFailure.FindAsync(cluster, cancellationToken).ConfigureAwait(false) is { } failure
            ? string.Create(CultureInfo.InvariantCulture, $"the server's archive_command fails, last at {failure.At.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'} with {failure.File}, and the server keeps its WAL until it works")
            : null;
        var before = state.Status.PushProblem;
        if (problem is not null && before is null)
        {
            journal.Warning($"WAL of cluster '{options.Cluster}' is not archived now: {problem}");
        }
        else if (problem is null && before is not null)
        {
            journal.Info($"WAL of cluster '{options.Cluster}' is archived again: archive_command works");
        }

        state.Set(status => status with { Server = position, ServerAt = asked, PushProblem = problem });
    }
}
