using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Recovery;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Coverage;

namespace StellaOps.Backup.Wal.Recovery;

/// <summary>
/// Chooses the base backup for a target, finds in the WAL where the replay will stop, and proves that everything up to there is in the
/// archive. The same rules as the server's own (src/backend/access/transam/xlogrecovery.c, recoveryStopsBefore and recoveryStopsAfter),
/// so that it cannot be surprised half-way.
/// </summary>
public sealed class RecoveryPlanner
{
    private readonly WalInventory _inventory;
    private readonly WalReader _reader;
    private readonly IReadOnlyList<BaseCut> _all;
    private readonly WalFiles _files;

    /// <param name="inventory">The archive.</param>
    /// <param name="reader">Opens its objects.</param>
    /// <param name="bases">Base backups of the cluster.</param>
    /// <param name="segmentSize">Bytes of a segment.</param>
    public RecoveryPlanner(WalInventory inventory, WalReader reader, IReadOnlyList<BaseCut> bases, long segmentSize)
    {
        ArgumentNullException.ThrowIfNull(inventory);
        (_inventory, _reader, _all, _files) = (inventory, reader, bases, inventory.Files ?? new WalFiles(segmentSize));
    }

    /// <summary>Plans.</summary>
    /// <param name="target">Target.</param>
    /// <param name="timeline">Timeline to recover along; null takes the newest one, or of a time the one on which the cluster was then.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="UnreachableException">It cannot be reached.</exception>
    /// <exception cref="WalException">A segment that had to be looked through is damaged.</exception>
    public async Task<RecoveryPlan> PlanAsync(RecoveryTarget target, uint? timeline, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        var chosen = timeline ?? _inventory.Timelines.Concat(_all.Select(cut => cut.Timeline)).DefaultIfEmpty(1u).Max();
        if (timeline is null && target.Kind == RecoveryTargetKind.Time)
        {
            chosen = await new TimelineChoice(_inventory, _reader, _files, _all).ForAsync(target, chosen, cancellationToken).ConfigureAwait(false);
        }

        if (_inventory.History(chosen) is not { } history || !_all.Any(cut => cut.IsOn(history.Path())))
        {
            throw Unreachable($"no base backup leads to timeline {chosen}");
        }

        var path = history.Path();
        var bases = _all.Where(cut => cut.IsOn(path)).OrderByDescending(cut => cut.Stop).ToList();
        var plan = target.Kind switch
        {
            RecoveryTargetKind.Immediate => Immediate(target, chosen, path, bases[0]),
            RecoveryTargetKind.Lsn => await ToLsnAsync(target, chosen, path, bases, cancellationToken).ConfigureAwait(false),
            RecoveryTargetKind.Time => await ToTimeAsync(target, chosen, path, bases, cancellationToken).ConfigureAwait(false),
            _ => await ToMarkAsync(target, chosen, path, bases, cancellationToken).ConfigureAwait(false),
        };
        return plan with { Asked = target };
    }

    /// <summary>Plans to the end of the WAL behind the newest base backup, along the newest timeline that it leads to.</summary>
    /// <exception cref="UnreachableException">The archive has nothing behind the base backup.</exception>
    /// <exception cref="WalException">A segment that had to be looked through is damaged.</exception>
    public async Task<RecoveryPlan> PlanNewestAsync(CancellationToken cancellationToken)
    {
        var cut = _all.MaxBy(one => one.Stop) ?? throw Unreachable("there is no base backup to begin with");
        var histories = _inventory.Timelines.Append(cut.Timeline).Distinct().OrderDescending().Select(_inventory.History).OfType<TimelineHistory>();
        foreach (var history in histories.Where(history => cut.IsOn(history.Path())))
        {
            var proof = WalCoverage.Prove(_inventory, history.Path(), cut.Start);
            if (proof.ReachesTo > cut.Stop && await NewestAsync(history, cut, proof, cancellationToken).ConfigureAwait(false) is { } plan)
            {
                return plan;
            }
        }

        throw Unreachable($"no WAL is archived behind the end of the base backup of '{cut.Name}', at {cut.Stop}");
    }

    private async Task<RecoveryPlan?> NewestAsync(TimelineHistory history, BaseCut cut, CoverageProof proof, CancellationToken cancellationToken)
    {
        // No record is at the end of all positions: the search sees them all, and stops at none.
        var search = new StopSearch(new RecoveryTarget { Kind = RecoveryTargetKind.Lsn, Lsn = new Lsn(ulong.MaxValue) });
        await ScanAsync(proof, Before(proof, proof.ReachesTo), search, cancellationToken).ConfigureAwait(false);
        if (search.Last is null)
        {
            await ScanAsync(proof, cut.Start, search, cancellationToken).ConfigureAwait(false);
        }

        return AtEnd(history.Timeline, history.Path(), cut, search) is { } plan
            ? plan with { Stop = plan.Stop with { LastCommitAt = plan.Stop.LastCommitAt ?? new CommitTimes(_inventory).LastBefore(history.Path(), plan.Stop.At) } }
            : null;
    }

    private RecoveryPlan Immediate(RecoveryTarget target, uint timeline, IReadOnlyList<TimelineSpan> path, BaseCut cut) =>
        Plan(target, timeline, path, cut, new RecoveryStop(cut.Stop, cut.Stop, null));

    private async Task<RecoveryPlan> ToLsnAsync(
        RecoveryTarget target, uint timeline, IReadOnlyList<TimelineSpan> path, List<BaseCut> bases, CancellationToken cancellationToken)
    {
        var cut = bases.Find(cut => cut.Stop <= target.Lsn) ?? throw Unreachable($"{target} is before the end of the first base backup");
        var proof = WalCoverage.Prove(_inventory, path, cut.Start);
        if (proof.ReachesTo < target.Lsn)
        {
            throw Unreachable($"{target} is behind the last WAL that can be replayed from '{cut.Name}': {Reach(path, proof)}");
        }

        var search = new StopSearch(target);
        await ScanAsync(proof, Before(proof, target.Lsn), search, cancellationToken).ConfigureAwait(false);

        // Nothing was written at the target or behind it: its state is that after the last record.
        return search.Stop is { } stop ? Plan(target, timeline, path, cut, stop) : AtEnd(timeline, path, cut, search)
            ?? throw Unreachable($"no record reaches {target}");
    }

    private async Task<RecoveryPlan> ToTimeAsync(
        RecoveryTarget target, uint timeline, IReadOnlyList<TimelineSpan> path, List<BaseCut> bases, CancellationToken cancellationToken)
    {
        CoverageProof? proof = null;
        StopSearch? search = null;
        var times = new CommitTimes(_inventory);
        foreach (var cut in bases.Where(cut => times.HadEnded(cut, path, target)))
        {
            proof = WalCoverage.Prove(_inventory, path, cut.Start);
            search = new StopSearch(target);
            await ScanAsync(proof, FirstToLookAt(proof, target.Time, cut.Start), search, cancellationToken).ConfigureAwait(false);
            if (search.Stop is { } stop)
            {
                if (stop.At >= cut.Stop)
                {
                    return Plan(target, timeline, path, cut, stop);
                }

                continue; // The clocks of worker and server differ: the target is before the end of this backup.
            }

            // What was looked through, and of what is before that, what the documents say: of the end, where they may say more than is there, they do not count.
            var latest = Latest(search.LatestSeen, times.LastBefore(path, _files.Floor(proof.ReachesTo)));

            // The last commit itself, or nothing was committed from it to the target as far as the archiver had looked: the end is that state.
            if ((target.Time <= latest || IsQuietUntil(target.Time, timeline, proof)) && AtEnd(timeline, path, cut, search) is { } end)
            {
                return end;
            }

            throw Unreachable(search.LastSeen is { } last
                ? $"{target} is later than the last commit that can be replayed from '{cut.Name}' ({last.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'}): {Reach(path, proof)}"
                : $"{target} is later than the base backup '{cut.Name}', and no commit behind that is in the archive: {Reach(path, proof)}");
        }

        throw Unreachable($"{target} is before the end of the first base backup of timeline {timeline}");
    }

    private async Task<RecoveryPlan> ToMarkAsync(
        RecoveryTarget target, uint timeline, IReadOnlyList<TimelineSpan> path, List<BaseCut> bases, CancellationToken cancellationToken)
    {
        // The newest stretch first: transaction ids come round again, and names may be given twice.
        Lsn? until = null;
        foreach (var first in bases)
        {
            var proof = WalCoverage.Prove(_inventory, path, first.Start, until);
            var marks = new List<RecoveryStop>();
            var search = new StopSearch(target) { Found = marks.Add };
            await ScanAsync(proof, first.Start, search, cancellationToken).ConfigureAwait(false);
            if (marks.Count > 0)
            {
                return ToMark(target, timeline, path, bases, marks[^1]);
            }

            until = first.Start;
        }

        throw Unreachable($"{target} is not in the WAL that can be replayed along timeline {timeline}");
    }

    private RecoveryPlan ToMark(RecoveryTarget target, uint timeline, IReadOnlyList<TimelineSpan> path, List<BaseCut> bases, RecoveryStop stop)
    {
        var cut = bases.Find(cut => cut.Stop <= stop.At) ?? throw Unreachable($"{target} is before the end of the first base backup");
        var proof = WalCoverage.Prove(_inventory, path, cut.Start, stop.Needed);

        // The server would stop at the first record of a name behind the base; the latest one is meant.
        var told = target.Kind == RecoveryTargetKind.Name && stop.Record is { } record ? new RecoveryTarget { Kind = RecoveryTargetKind.Lsn, Lsn = record } : target;
        return proof.IsComplete
            ? Plan(told, timeline, path, cut, stop)
            : throw Unreachable($"{target} is at {stop.At}, behind WAL that is missing: {Reach(path, proof)}");
    }

    /// <summary>The state after the last record, by its position: a target behind it would never be reached by a record.</summary>
    private RecoveryPlan? AtEnd(uint timeline, IReadOnlyList<TimelineSpan> path, BaseCut cut, StopSearch search) => search.Last is not { } last || last.Next < cut.Stop
        ? null
        : Plan(
            new RecoveryTarget { Kind = RecoveryTargetKind.Lsn, Lsn = last.Start }, timeline, path, cut, new RecoveryStop(last.Next, last.End, search.LastSeen));

    private RecoveryPlan Plan(RecoveryTarget target, uint timeline, IReadOnlyList<TimelineSpan> path, BaseCut cut, RecoveryStop stop)
    {
        var proof = WalCoverage.Prove(_inventory, path, cut.Start, stop.Needed);
        if (!proof.IsComplete && target.Kind != RecoveryTargetKind.Immediate)
        {
            throw Unreachable($"{target} is behind WAL that is missing: {Reach(path, proof)}");
        }

        (timeline, proof) = OnAncestor(path, cut, stop) ?? (timeline, proof);
        if (proof.Segments.Select(Problem).FirstOrDefault(problem => problem is not null) is { } problem)
        {
            throw Unreachable($"{target} cannot be reached safely: {problem}");
        }

        return new RecoveryPlan
        {
            Base = cut,
            Timeline = timeline,
            Segments = proof.Segments,
            Bytes = (long)(stop.Needed.Value - cut.Start.Value),
            Target = target,
            Stop = stop,
        };
    }

    /// <summary>What speaks against a segment, by its listing and its manifest.</summary>
    private string? Problem(WalName name)
    {
        if (_inventory.Conflicts.Any(conflict => conflict.Name == name))
        {
            return $"segment {name} is in the archive with two contents";
        }

        return _inventory.Segments.TryGetValue(name, out var segment) && _inventory.Expected.TryGetValue(name, out var expected)
            && (segment.Digest != expected.Digest || !_inventory.IsAsStored(segment))
                ? $"segment {name} is in the archive with {segment.Length} bytes, and its manifest says {expected.Length} bytes of another content"
                : null;
    }

    private Task ScanAsync(CoverageProof proof, Lsn from, StopSearch search, CancellationToken cancellationToken) =>
        new RecordScan(_reader, _files, proof).RunAsync(from, search.See, cancellationToken);

    /// <summary>
    /// The last segment that is known to hold a commit up to the time, among those before the first one that is known to hold a later
    /// commit: the stop is not before it.
    /// </summary>
    private Lsn FirstToLookAt(CoverageProof proof, DateTimeOffset time, Lsn start)
    {
        var from = start;
        foreach (var name in proof.Segments)
        {
            var last = _inventory.Expected.GetValueOrDefault(name)?.LastCommitAt;
            if (last > time)
            {
                break;
            }

            from = last is not null && _files.StartOf(_files.NumberOf(name) ?? 0) is var begin && begin > start ? begin : from;
        }

        return from;
    }

    /// <summary>
    /// A stop before the timeline began is one of its ancestor's, where that has all of the WAL itself: the new timeline is a child of the one
    /// that it continues, and not of one that had not begun.
    /// </summary>
    private (uint Timeline, CoverageProof Proof)? OnAncestor(IReadOnlyList<TimelineSpan> path, BaseCut cut, RecoveryStop stop)
    {
        foreach (var span in path.Where(span => span.Timeline >= cut.Timeline && span.End is { } end && stop.Needed <= end))
        {
            if (_inventory.History(span.Timeline) is { } history && WalCoverage.Prove(_inventory, history.Path(), cut.Start, stop.Needed) is { IsComplete: true } own)
            {
                return (span.Timeline, own);
            }
        }

        return null;
    }

    /// <summary>The segment before that of a position, where there is one: a record may begin in it.</summary>
    private Lsn Before(CoverageProof proof, Lsn position) =>
        _files.NumberAt(position) is var number && number > _files.NumberAt(proof.Start) ? _files.StartOf(number - 1) : proof.Start;

    private static DateTimeOffset? Latest(DateTimeOffset? one, DateTimeOffset? two) => one is null || two > one ? two : one;

    /// <summary>Whether the archive had everything of a timeline at a time: the one that is archived, or when another one began one that was left.</summary>
    private bool IsQuietUntil(DateTimeOffset time, uint timeline, CoverageProof proof) =>
        (_inventory.State is { } state && state.Timeline == timeline && time <= state.CaughtUpAt && proof.ReachesTo >= state.ArchivedTo)
        || _inventory.KnownTails.Any(tail => tail.Key.Timeline == timeline && time <= tail.Value.CaughtUpAt && proof.ReachesTo >= tail.Value.StopLsn);

    /// <summary>Where the WAL ends, and what is missing: nothing is where nothing was archived behind.</summary>
    private string Reach(IReadOnlyList<TimelineSpan> path, CoverageProof proof) => proof.Missing is { } missing && path.Any(span => span.Timeline >= missing.Timeline && _inventory.EndOf(span.Timeline) > missing.Stop)
        ? $"WAL reaches to {proof.ReachesTo}, and {missing.Start} to {missing.Stop} of timeline {missing.Timeline} is not in the archive"
        : $"WAL is archived to {proof.ReachesTo}";

    private UnreachableException Unreachable(string why) => new(why, ReachableWindows.Of(_inventory, _all));
}
