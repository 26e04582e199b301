using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Wal.Archive;

namespace StellaOps.Backup.Wal.Coverage;

/// <summary>A base backup, as far as WAL is concerned.</summary>
/// <param name="Name">Name of its recovery point.</param>
/// <param name="Timeline">Timeline of its WAL.</param>
/// <param name="Start">Replay begins here.</param>
/// <param name="Stop">Consistent from here on.</param>
/// <param name="FinishedAt">When it ended.</param>
public sealed record BaseCut(string Name, uint Timeline, Lsn Start, Lsn Stop, DateTimeOffset FinishedAt)
{
    /// <summary>True when replay can go from it along a path: it was consistent before its timeline was left there.</summary>
    public bool IsOn(IReadOnlyList<TimelineSpan> path) => path.Any(span => span.Timeline == Timeline && (span.End is not { } end || Stop <= end));
}

/// <summary>Positions, all of which can be recovered to.</summary>
public sealed record ReachableWindow
{
    /// <summary>Timeline to recover along.</summary>
    public required uint Timeline { get; init; }

    /// <summary>First position.</summary>
    public required Lsn From { get; init; }

    /// <summary>Last position.</summary>
    public required Lsn To { get; init; }

    /// <summary>End of the first base backup, to the microsecond; the time of its last commit where the clock of the server is so far ahead.</summary>
    public required DateTimeOffset FromTime { get; init; }

    /// <summary>Time of the latest commit before <see cref="To"/>; null when none is known. A later time is not reached by replay.</summary>
    public DateTimeOffset? ToTime { get; init; }

    /// <summary>Recovery points with a base backup in the window, oldest first.</summary>
    public required IReadOnlyList<string> Points { get; init; }
}

/// <summary>Where recovery can go: from base backups along WAL without a hole.</summary>
public static class ReachableWindows
{
    /// <summary>The windows of every timeline, oldest first.</summary>
    public static IReadOnlyList<ReachableWindow> Of(WalInventory inventory, IReadOnlyList<BaseCut> bases)
    {
        ArgumentNullException.ThrowIfNull(inventory);
        ArgumentNullException.ThrowIfNull(bases);
        var times = new CommitTimes(inventory);
        var timelines = inventory.Timelines.Concat(bases.Select(cut => cut.Timeline)).Distinct().Order();
        return [.. timelines
            .Select(inventory.History)
            .OfType<TimelineHistory>()
            .SelectMany(history => Along(inventory, history, bases, times))
            .OrderBy(window => window.From).ThenBy(window => window.Timeline)];
    }

    private static IEnumerable<ReachableWindow> Along(WalInventory inventory, TimelineHistory history, IReadOnlyList<BaseCut> bases, CommitTimes times)
    {
        var path = history.Path();
        ReachableWindow? window = null;
        foreach (var cut in bases.Where(cut => cut.IsOn(path)).OrderBy(cut => cut.Start))
        {
            if (window is not null && cut.Start <= window.To)
            {
                window = window with { Points = [.. window.Points, cut.Name], To = Later(window.To, cut.Stop) };
                continue;
            }

            if (window is not null && Ends(window, path))
            {
                yield return window;
            }

            // A snapshot holds its own WAL up to its stop: that position is reached without the archive.
            var to = Later(WalCoverage.Prove(inventory, path, cut.Start).ReachesTo, cut.Stop);
            window = new ReachableWindow
            {
                Timeline = history.Timeline, From = cut.Stop, To = to, FromTime = FirstTime(cut, times.LastBefore(cut, path)), Points = [cut.Name], ToTime = times.LastBefore(path, to),
            };
        }

        if (window is not null && Ends(window, path))
        {
            yield return window;
        }
    }

    /// <summary>A window that ends on an ancestor is one of the ancestor's.</summary>
    private static bool Ends(ReachableWindow window, IReadOnlyList<TimelineSpan> path) => window.To > path[^1].Begin || path.Count == 1;

    /// <summary>The first time that a base backup leads to: the planner takes it for none before.</summary>
    private static DateTimeOffset FirstTime(BaseCut cut, DateTimeOffset? lastCommit)
    {
        var ended = ToMicroseconds(cut.FinishedAt);
        return lastCommit is { } last && last > ended ? last : ended;
    }

    /// <summary>PostgreSQL counts in microseconds: the first one at which it had ended.</summary>
    private static DateTimeOffset ToMicroseconds(DateTimeOffset time) => new((time.UtcTicks + TimeSpan.TicksPerMicrosecond - 1) / TimeSpan.TicksPerMicrosecond * TimeSpan.TicksPerMicrosecond, TimeSpan.Zero);

    private static Lsn Later(Lsn one, Lsn two) => one > two ? one : two;
}
