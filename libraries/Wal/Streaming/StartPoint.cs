using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Wal.Streaming;

/// <summary>
/// Where streaming goes on: behind the last whole segment, archived or in the spool, that lies on the server's own history. Where one is missing before that, which the slot
/// still has, there: segments are stored several at a time, and whoever stored the later one may have died with the earlier one. Always at the
/// beginning of a segment, so that every archived segment is whole.
/// </summary>
/// <param name="Timeline">Timeline to ask for.</param>
/// <param name="Start">Position to ask for.</param>
/// <param name="Behind">The last whole segment of the server's history; null when there is none, or the server has nothing that goes on from it.</param>
/// <param name="IsNew">True when there was nothing to go on from.</param>
public sealed record StartPoint(uint Timeline, Lsn Start, WalName? Behind, bool IsNew)
{
    /// <summary>Chooses.</summary>
    /// <param name="path">History of the server's current timeline.</param>
    /// <param name="files">Names.</param>
    /// <param name="whole">Whole segments that need not be received again.</param>
    /// <param name="unfinished">Segments of which there are parts: where there is no whole one of the server's history yet, the first of them is received again.</param>
    /// <param name="kept">The server keeps everything from here on; where to begin when there is nothing.</param>
    /// <param name="least">The server has nothing before it; null when that is not known.</param>
    public static StartPoint Choose(IReadOnlyList<TimelineSpan> path, WalFiles files, IEnumerable<WalName> whole, IEnumerable<WalName> unfinished, Lsn kept, Lsn? least)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(whole);
        ArgumentNullException.ThrowIfNull(unfinished);
        whole = [.. whole];
        var spans = path.ToDictionary(span => span.Timeline);
        var present = new SortedDictionary<ulong, WalName>();
        foreach (var name in whole)
        {
            if (spans.TryGetValue(name.Timeline, out var span) && files.NumberOf(name) is { } number && number >= files.NumberAt(span.Begin)
                && (span.End is not { } left || files.StartOf(number + 1) <= left))
            {
                present[number] = name;
            }
        }

        var behind = present.Count > 0 ? present.Last().Value : (WalName?)null;
        var last = present.Count > 0 ? files.StartOf(FirstMissing(present, files.NumberAt(kept))) : FirstOf(unfinished.Concat(whole), spans, files);
        var start = last ?? files.Floor(kept);
        var moved = least is { } bound && bound > start;
        start = moved ? least!.Value : start;

        // The file of a child holds the bytes of its parent before the switch: its first segment is asked for from the child.
        var timeline = path.Last(span => files.NumberAt(span.Begin) <= files.NumberAt(start)).Timeline;
        return new StartPoint(timeline, start, moved ? null : behind, last is null);
    }

    /// <summary>Number of the first segment that is missing from a number on; that behind the last one where none is.</summary>
    private static ulong FirstMissing(SortedDictionary<ulong, WalName> present, ulong from)
    {
        var end = present.Last().Key + 1;
        var number = Math.Min(from, end);
        while (number < end && present.ContainsKey(number))
        {
            number++;
        }

        return number;
    }

    /// <summary>
    /// The first segment that is there in part: not all of it was received, or a timeline was left in it. What that timeline wrote behind the place where it was left is of
    /// another history.
    /// </summary>
    private static Lsn? FirstOf(IEnumerable<WalName> names, Dictionary<uint, TimelineSpan> spans, WalFiles files)
    {
        var starts = names
            .Where(name => spans.TryGetValue(name.Timeline, out var span) && files.NumberOf(name) is { } number && (span.End is not { } left || files.StartOf(number) < left))
            .Select(name => files.StartOf(files.NumberOf(name)!.Value)).ToList();
        return starts.Count > 0 ? starts.Min() : null;
    }
}
