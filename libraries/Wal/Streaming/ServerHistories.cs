using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Connections;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Archive;

namespace StellaOps.Backup.Wal.Streaming;

/// <summary>Histories of timelines, from a server into the archive.</summary>
internal static class ServerHistories
{
    /// <summary>Archives the histories of the server's timeline and its ancestors, before any WAL of it.</summary>
    /// <returns>The history of the timeline.</returns>
    /// <exception cref="WalException">It is missing, not readable, or another one than the archive has.</exception>
    /// <exception cref="ClusterException">The server cannot be asked.</exception>
    public static async Task<TimelineHistory> TakeAsync(ClusterConnection cluster, WalArchive archive, uint timeline, CancellationToken cancellationToken)
    {
        if (timeline == 1)
        {
            return TimelineHistory.First;
        }

        var content = await ServerWal.HistoryAsync(cluster, timeline, cancellationToken).ConfigureAwait(false)
            ?? throw new WalException(WalFailure.NotFound, $"the server is on timeline {timeline} and does not have its history file {WalName.History(timeline)}");
        var history = Parse(timeline, content);
        await archive.PutHistoryAsync(timeline, content, cancellationToken).ConfigureAwait(false);
        foreach (var ancestor in history.Ancestors.Where(ancestor => ancestor.Timeline > 1))
        {
            // A server that was restored need not have the histories of its ancestors; its own names them all.
            if (await ServerWal.HistoryAsync(cluster, ancestor.Timeline, cancellationToken).ConfigureAwait(false) is { } older)
            {
                await archive.PutHistoryAsync(ancestor.Timeline, older, cancellationToken).ConfigureAwait(false);
            }
        }

        return history;
    }

    private static TimelineHistory Parse(uint timeline, byte[] content)
    {
        try
        {
            return TimelineHistory.Parse(timeline, content);
        }
        catch (FormatException failure)
        {
            throw new WalException(WalFailure.Invalid, failure.Message, failure);
        }
    }
}
