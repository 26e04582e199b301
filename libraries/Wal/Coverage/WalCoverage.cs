using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Archive;
using StellaOps.Backup.Wal.Ledger;

namespace StellaOps.Backup.Wal.Coverage;

/// <summary>
/// How far WAL reaches from a position on, along a path of timelines, by what the archive lists. As PostgreSQL does when it replays, the file of
/// the newest timeline of the path is taken for the segment in which that timeline began: it holds the parent's bytes before.
/// </summary>
public static class WalCoverage
{
    /// <summary>Follows the path from <paramref name="start"/> to <paramref name="stop"/>, or to the end of what is there.</summary>
    public static CoverageProof Prove(WalInventory inventory, IReadOnlyList<TimelineSpan> path, Lsn start, Lsn? stop = null)
    {
        ArgumentNullException.ThrowIfNull(inventory);
        ArgumentNullException.ThrowIfNull(path);
        var segments = new List<WalName>();
        var at = start;
        while (stop is null || at < stop)
        {
            if (inventory.Files is not { } files || Take(inventory, files, path, at) is not var (name, end))
            {
                return new CoverageProof { Start = start, ReachesTo = at, Segments = segments, Missing = Missing(inventory, path, at) };
            }

            if (segments.Count == 0 || segments[^1] != name)
            {
                segments.Add(name);
            }

            at = end;
        }

        return new CoverageProof { Start = start, ReachesTo = at, Segments = segments };
    }

    private static (WalName Name, Lsn End)? Take(WalInventory inventory, WalFiles files, IReadOnlyList<TimelineSpan> path, Lsn at)
    {
        var number = files.NumberAt(at);
        var first = files.StartOf(number);
        for (var index = path.Count - 1; index >= 0; index--)
        {
            var span = path[index];
            if (files.NumberAt(span.Begin) > number || (span.End is { } left && left <= at))
            {
                continue;
            }

            _ = WalName.TryParse(files.Name(span.Timeline, number), out var name);
            var end = new Lsn(first.Value + (ulong)inventory.Available(name));
            end = span.End is { } limit && limit < end ? limit : end;
            if (end > at)
            {
                return (name, end);
            }
        }

        return null;
    }

    private static MissingRange Missing(WalInventory inventory, IReadOnlyList<TimelineSpan> path, Lsn at)
    {
        var owner = path.Last(span => span.Begin <= at);
        var stop = inventory.Files is { } files ? files.StartOf(files.NumberAt(at) + 1) : at;
        return new MissingRange(owner.Timeline, at, stop);
    }
}

/// <summary>What <see cref="WalCoverage"/> found.</summary>
public sealed record CoverageProof
{
    /// <summary>Where it began.</summary>
    public required Lsn Start { get; init; }

    /// <summary>Behind the last byte that is there without a hole.</summary>
    public required Lsn ReachesTo { get; init; }

    /// <summary>Segments, whole or partial, that a replay asks for, in order.</summary>
    public required IReadOnlyList<WalName> Segments { get; init; }

    /// <summary>The first missing piece: from <see cref="ReachesTo"/> to the end of its segment. Null when all that was asked for is there.</summary>
    public MissingRange? Missing { get; init; }

    /// <summary>True when all that was asked for is there.</summary>
    public bool IsComplete => Missing is null;
}
