using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Recovery;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;

namespace StellaOps.Backup.Wal.Recovery;

/// <summary>
/// The timeline that a time means where nobody names one: that on which the cluster was then. After a restore to an earlier state the newest timeline leaves its
/// parent before what was committed on that until the restore; whoever asks for a time of those commits wants them, and would get the earlier state again.
/// </summary>
internal sealed class TimelineChoice(WalInventory inventory, WalReader reader, WalFiles files, IReadOnlyList<BaseCut> bases)
{
    /// <summary>The newest timeline, or the one of its ancestors on which commits up to the time are that it lacks.</summary>
    public async Task<uint> ForAsync(RecoveryTarget target, uint newest, CancellationToken cancellationToken)
    {
        var chosen = newest;
        while (inventory.History(chosen) is { Parent: { } parent } history && inventory.History(parent.Timeline) is { } older)
        {
            var begin = history.Path()[^1].Begin;
            var isOlder = !bases.Any(cut => cut.Timeline == chosen && cut.FinishedAt <= target.Time)
                && bases.Any(cut => cut.IsOn(older.Path()) && cut.FinishedAt <= target.Time)
                && !await HasCommitAsync(history, begin, target, cancellationToken).ConfigureAwait(false)
                && await HasCommitAsync(older, begin, target, cancellationToken).ConfigureAwait(false);
            if (!isOlder)
            {
                break;
            }

            chosen = parent.Timeline;
        }

        return chosen;
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
