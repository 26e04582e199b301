using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Recovery;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;

namespace StellaOps.Backup.Wal.Recovery;

/// <summary>
/// The timeline that a time means where nobody names one: that on which the cluster was then. After a restore to an earlier state the newest timeline leaves its
/// parent before what was committed on that until the restore; whoever asks for a time of those commits wants them, and would get the earlier state again. Numbers
/// grow in the order in which timelines began, whichever they leave: it is the newest of those that can be shown to have begun by then.
/// </summary>
internal sealed class TimelineChoice(WalInventory inventory, WalReader reader, WalFiles files, IReadOnlyList<BaseCut> bases)
{
    /// <summary>The timeline to recover along.</summary>
    /// <param name="target">A time.</param>
    /// <param name="newest">The answer where no timeline can be shown to have begun by then.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<uint> ForAsync(RecoveryTarget target, uint newest, CancellationToken cancellationToken)
    {
        var known = inventory.Timelines.Concat(bases.Select(cut => cut.Timeline)).Distinct().OrderDescending().Select(inventory.History).OfType<TimelineHistory>().ToList();
        if (await LivedAsync(known, target, cancellationToken).ConfigureAwait(false) is not { } lived)
        {
            return newest;
        }

        // One that left it behind all that is wanted of it has the same state, and may have WAL that is archived under its own names only.
        foreach (var history in known.Where(history => history.Timeline > lived.Timeline))
        {
            var path = history.Path();
            if (path.FirstOrDefault(span => span.Timeline == lived.Timeline)?.End is { } left
                && bases.Any(cut => cut.IsOn(path) && cut.FinishedAt <= target.Time)
                && !await HasCommitAsync(lived, left, target, cancellationToken).ConfigureAwait(false))
            {
                return history.Timeline;
            }
        }

        return lived.Timeline;
    }

    /// <summary>The newest timeline with a transaction of its own, or a base backup, up to the time.</summary>
    private async Task<TimelineHistory?> LivedAsync(IEnumerable<TimelineHistory> newestFirst, RecoveryTarget target, CancellationToken cancellationToken)
    {
        foreach (var history in newestFirst)
        {
            if (bases.Any(cut => cut.Timeline == history.Timeline && cut.FinishedAt <= target.Time)
                || await HasCommitAsync(history, history.Path()[^1].Begin, target, cancellationToken).ConfigureAwait(false))
            {
                return history;
            }
        }

        return null;
    }

    /// <summary>Whether the first transaction that ended behind a position is one that the target wants.</summary>
    private async Task<bool> HasCommitAsync(TimelineHistory history, Lsn begin, RecoveryTarget target, CancellationToken cancellationToken)
    {
        var proof = WalCoverage.Prove(inventory, history.Path(), begin);
        var wanted = false;
        await new RecordScan(reader, files, proof).RunAsync(begin, See, cancellationToken).ConfigureAwait(false);
        return wanted;

        bool See(WalRecord record)
        {
            if (record.Start < begin || record.Kind is not (WalRecordKind.Commit or WalRecordKind.Abort))
            {
                return true;
            }

            wanted = target.Exclusive ? record.At < target.Time : record.At <= target.Time;
            return false;
        }
    }
}
