using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Recovery;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Manifests;

namespace StellaOps.Backup.Wal.Coverage;

/// <summary>When the commits in the archive were, by its manifests and its state.</summary>
public sealed class CommitTimes
{
    private readonly List<Stretch> _stretches = [];
    private readonly WalFiles? _files;

    /// <summary>Takes the documents of an archive.</summary>
    public CommitTimes(WalInventory inventory)
    {
        ArgumentNullException.ThrowIfNull(inventory);
        _files = inventory.Files;
        if (_files is not { } files)
        {
            return;
        }

        foreach (var (name, entry) in inventory.Expected)
        {
            Add(files, name, null, new WalFacts { FirstCommitAt = entry.FirstCommitAt, LastCommitAt = entry.LastCommitAt, RestorePoints = entry.RestorePoints });
        }

        foreach (var (name, entry) in inventory.KnownTails)
        {
            Add(files, name, entry.StopLsn, new WalFacts { FirstCommitAt = entry.FirstCommitAt, LastCommitAt = entry.LastCommitAt, RestorePoints = entry.RestorePoints });
        }
    }

    /// <summary>
    /// Time of the latest commit that is known to be before a position of a path; null when none is. What reaches behind the position does not count, for its
    /// latest commit may be there; nor does a segment in which a timeline was left: the next timeline's own file of that segment has the part that is on the path.
    /// </summary>
    public DateTimeOffset? LastBefore(IReadOnlyList<TimelineSpan> path, Lsn position)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Before(path, position).Max(one => one.Facts.LastCommitAt);
    }

    /// <summary>
    /// Time of the latest commit in the nearest segment before a position of a path that is known to have any; null when none is. Only the nearest: what was committed once under a
    /// clock that was wrong says nothing of all that came after it.
    /// </summary>
    public DateTimeOffset? NearestBefore(IReadOnlyList<TimelineSpan> path, Lsn position)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Before(path, position).Where(one => one.Facts.LastCommitAt is not null).MaxBy(one => one.Stop)?.Facts.LastCommitAt;
    }

    /// <summary>
    /// Time of the last commit before a base backup, by the clock of the server; null when none is known. A primary begins a new segment when a backup starts: what was committed
    /// before is in the segments before that of the start, and the rest of it is found by whoever reads on from there.
    /// </summary>
    public DateTimeOffset? LastBefore(BaseCut cut, IReadOnlyList<TimelineSpan> path)
    {
        ArgumentNullException.ThrowIfNull(cut);
        return NearestBefore(path, _files?.Floor(cut.Start) ?? cut.Start);
    }

    /// <summary>
    /// Whether a base backup had ended at the time of a target. Its end is by the clock of the worker, and the target by that of the server, which may be ahead: a base that holds
    /// what was committed after the target does not lead to it.
    /// </summary>
    internal bool HadEnded(BaseCut cut, IReadOnlyList<TimelineSpan> path, RecoveryTarget target) =>
        cut.FinishedAt <= target.Time && (LastBefore(cut, path) is not { } last || (target.Exclusive ? last < target.Time : last <= target.Time));

    /// <summary>
    /// Whether transactions from a position of a timeline on ended when <paramref name="wanted"/> says; null where the documents cannot tell. Segments that begin behind the position
    /// are the timeline's own; the one that holds it may have others before it.
    /// </summary>
    public bool? HasCommit(uint timeline, Lsn from, Func<DateTimeOffset, bool> wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        var own = _stretches.Where(one => one.Timeline == timeline && one.Stop > from).OrderBy(one => one.Start).ToList();
        return own.Exists(one => one.Start >= from && one.Facts.FirstCommitAt is { } first && wanted(first)) ? true
            : own is [{ Facts.FirstCommitAt: { } earliest } holder, ..] && holder.Start <= from && !wanted(earliest) ? false
            : null;
    }

    /// <summary>Named restore points, with their timelines.</summary>
    public IEnumerable<(uint Timeline, RestorePoint Point)> RestorePoints() =>
        _stretches.SelectMany(one => one.Facts.RestorePoints.Select(point => (one.Timeline, point)));

    private IEnumerable<Stretch> Before(IReadOnlyList<TimelineSpan> path, Lsn position) => _stretches.Where(one =>
        one.Stop <= position && path.Any(span => span.Timeline == one.Timeline && (span.End is not { } left || one.Stop <= left)));

    private void Add(WalFiles files, WalName name, Lsn? stop, WalFacts facts)
    {
        if (files.NumberOf(name) is { } number)
        {
            _stretches.Add(new Stretch(name.Timeline, files.StartOf(number), stop ?? files.StartOf(number + 1), facts));
        }
    }

    private sealed record Stretch(uint Timeline, Lsn Start, Lsn Stop, WalFacts Facts);
}
