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
    private readonly CommitTimes _times = new(inventory);

    /// <summary>The timeline to recover along.</summary>
    /// <param name="target">A time.</param>
    /// <param name="newest">The answer where no timeline can be shown to have begun by then.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="WalException">A segment that tells is damaged.</exception>
    public async Task<uint> ForAsync(RecoveryTarget target, uint newest, CancellationToken cancellationToken)
    {
        var known = inventory.Timelines.Concat(bases.Select(cut => cut.Timeline)).Distinct().OrderDescending().ToList();
        if (await LivedAsync(known, target, cancellationToken).ConfigureAwait(false) is not { } timeline)
        {
            return newest;
        }

        if (inventory.History(timeline) is not { } lived)
        {
            return timeline; // Nobody knows what leads to it, which is for the planner to say.
        }

        // One that left it behind all that is wanted of it has the same state, and may have WAL that is archived under its own names only.
        foreach (var history in known.Where(later => later > timeline).Select(inventory.History).OfType<TimelineHistory>())
        {
            var path = history.Path();
            if (path.FirstOrDefault(span => span.Timeline == timeline)?.End is { } left
                && bases.Any(cut => cut.IsOn(path) && _times.HadEnded(cut, path, target))
                && !bases.Any(cut => cut.Timeline == timeline && cut.Stop > left && _times.HadEnded(cut, lived.Path(), target))
                && !await HasCommitAsync(lived, left, target, cancellationToken).ConfigureAwait(false))
            {
                return history.Timeline;
            }
        }

        return timeline;
    }

    /// <summary>The newest timeline that began, or has a transaction of its own or a base backup, up to the time.</summary>
    private async Task<uint?> LivedAsync(IEnumerable<uint> newestFirst, RecoveryTarget target, CancellationToken cancellationToken)
    {
        foreach (var timeline in newestFirst)
        {
            var history = inventory.History(timeline);
            if (bases.Any(cut => cut.Timeline == timeline && _times.HadEnded(cut, history?.Path() ?? [], target))
                || (history is not null && await BeganAsync(history, target, cancellationToken).ConfigureAwait(false)))
            {
                return timeline;
            }
        }

        return null;
    }

    /// <summary>Whether a timeline had begun: by its own transactions, or else by the record with which it begins.</summary>
    private async Task<bool> BeganAsync(TimelineHistory history, RecoveryTarget target, CancellationToken cancellationToken)
    {
        var path = history.Path();
        var documents = _times.HasCommit(history.Timeline, path[^1].Begin, at => Wants(target, at));
        if (documents is true || (documents is false && path.Count == 1))
        {
            return documents.Value;
        }

        try
        {
            return await IsFirstWantedAsync(history, path[^1].Begin, target, orBegin: true, cancellationToken).ConfigureAwait(false);
        }
        catch (WalException) when (documents is false)
        {
            return false; // A damaged segment of a timeline whose transactions are all later is no reason to refuse another one.
        }
    }

    /// <summary>Whether a transaction that ended behind a position is one that the target wants: by the archive's documents, or else by the first one in its WAL.</summary>
    private async Task<bool> HasCommitAsync(TimelineHistory history, Lsn begin, RecoveryTarget target, CancellationToken cancellationToken) =>
        _times.HasCommit(history.Timeline, begin, at => Wants(target, at)) ?? await IsFirstWantedAsync(history, begin, target, orBegin: false, cancellationToken).ConfigureAwait(false);

    private async Task<bool> IsFirstWantedAsync(TimelineHistory history, Lsn begin, RecoveryTarget target, bool orBegin, CancellationToken cancellationToken)
    {
        var wanted = false;
        await new RecordScan(reader, files, WalCoverage.Prove(inventory, history.Path(), begin)).RunAsync(begin, See, cancellationToken).ConfigureAwait(false);
        return wanted;

        bool See(WalRecord record)
        {
            if (record.Start < begin || !(record.Kind is WalRecordKind.Commit or WalRecordKind.Abort || (orBegin && record.Kind == WalRecordKind.TimelineBegin)))
            {
                return true;
            }

            wanted = record.At is { } at && Wants(target, at);
            return false;
        }
    }

    private static bool Wants(RecoveryTarget target, DateTimeOffset at) => target.Exclusive ? at < target.Time : at <= target.Time;
}
