using System.Diagnostics;
using StellaOps.Backup.Postgres.Connections;

namespace StellaOps.Backup.Postgres.Summaries;

/// <summary>
/// The summaries of WAL that a server of version 17 or later writes with <c>summarize_wal</c>: which blocks a range of WAL changed
/// (PostgreSQL manual, "WAL Summarization Information Functions").
/// </summary>
public sealed class WalSummaries(ClusterConnection cluster)
{
    /// <summary>First major version that has them.</summary>
    public const int FirstMajor = 17;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Waits until everything from one position to another is summarized. The server's own incremental backup waits as long: the process that
    /// summarizes may look for new WAL every half minute only.
    /// </summary>
    /// <param name="timeline">Timeline of both positions.</param>
    /// <param name="from">First position that counts: where a checkpoint began.</param>
    /// <param name="to">Position before which it ends.</param>
    /// <param name="patience">How long to wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The summaries, without a gap between them; or the reason why there are none.</returns>
    /// <exception cref="ClusterException">The server does not answer.</exception>
    public async Task<(IReadOnlyList<WalSummary> Summaries, string? WhyNot)> FindAsync(
        int timeline, Lsn from, Lsn to, TimeSpan patience, CancellationToken cancellationToken)
    {
        var enabled = await cluster.QueryAsync(
            "SELECT coalesce(pg_catalog.current_setting('summarize_wal', true), 'off')", row => row.GetString(0), cancellationToken).ConfigureAwait(false);
        if (enabled[0] != "on")
        {
            return ([], "summarize_wal is off");
        }

        for (var started = Stopwatch.GetTimestamp(); ;)
        {
            var summaries = await ReadAsync(timeline, from, to, cancellationToken).ConfigureAwait(false);
            var reached = Reach(summaries, from);
            if (reached >= to)
            {
                // A summary ends where a checkpoint begins. Of a server that went back to before that one, none does but by chance: it knows nothing of what the abandoned history changed.
                return summaries.Any(summary => summary.Start == from)
                    ? (summaries, null)
                    : ([], $"no summary begins at {from}, where the last backup did: the server may have gone back to an earlier state since");
            }

            // What is missing in the middle was removed, or never made, and does not come by waiting.
            if (summaries.Count > 0 && summaries[^1].End > reached)
            {
                return ([], $"the server has no summary of the WAL at {reached}");
            }

            if (Stopwatch.GetElapsedTime(started) > patience)
            {
                return ([], $"the server has summarized WAL to {reached} only, and not to {to}");
            }

            await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
        }
    }

    private Task<IReadOnlyList<WalSummary>> ReadAsync(int timeline, Lsn from, Lsn to, CancellationToken cancellationToken) => cluster.QueryAsync(
        """
        SELECT s.tli, s.start_lsn::text, s.end_lsn::text FROM pg_catalog.pg_available_wal_summaries() s
        WHERE s.tli = $1 AND s.end_lsn > $2::text::pg_lsn AND s.start_lsn < $3::text::pg_lsn ORDER BY s.start_lsn, s.end_lsn
        """,
        row => new WalSummary(row.GetInt64(0), Lsn.Parse(row.GetString(1)), Lsn.Parse(row.GetString(2))),
        cancellationToken,
        (long)timeline,
        from.ToString(),
        to.ToString());

    /// <summary>Up to where summaries in their order follow one another without a gap.</summary>
    internal static Lsn Reach(IEnumerable<WalSummary> summaries, Lsn from)
    {
        var reached = from;
        foreach (var summary in summaries)
        {
            if (summary.Start > reached)
            {
                break;
            }

            reached = summary.End > reached ? summary.End : reached;
        }

        return reached;
    }
}

/// <summary>A summary of a range of WAL.</summary>
/// <param name="Timeline">Its timeline.</param>
/// <param name="Start">First position.</param>
/// <param name="End">Position before which it ends.</param>
public sealed record WalSummary(long Timeline, Lsn Start, Lsn End);
