using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Timelines;
using StellaOps.Backup.Postgres.Wal;

namespace StellaOps.Backup.Wal.Streaming;

/// <summary>
/// Where streaming goes on: behind the last whole segment, archived or in the spool, that lies on the server's own history. Always at the
/// beginning of a segment, so that every archived segment is whole.
/// </summary>
/// <param name="Timeline">Timeline to ask for.</param>
/// <param name="Start">Position to ask for.</param>
/// <param name="Behind">The whole segment that it follows; null when it follows none.</param>
/// <param name="IsNew">True when there was nothing to go on from.</param>
public sealed record StartPoint(uint Timeline, Lsn Start, WalName? Behind, bool IsNew)
{
    /// <summary>Chooses.</summary>
    /// <param name="path">History of the server's current timeline.</param>
    /// <param name="files">Names.</param>
    /// <param name="whole">Whole segments that need not be received again.</param>
    /// <param name="unfinished">Segments of which there are parts: where there is no whole one yet, the first of them is received again.</param>
    /// <param name="floor">Where to begin when there is nothing.</param>
    /// <param name="least">The server has nothing before it; null when that is not known.</param>
    public static StartPoint Choose(IReadOnlyList<TimelineSpan> path, WalFiles files, IEnumerable<WalName> whole, IEnumerable<WalName> unfinished, Lsn floor, Lsn? least)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(whole);
        ArgumentNullException.ThrowIfNull(unfinished);
        var spans = path.ToDictionary(span => span.Timeline);
        Lsn? last = null;
        WalName? behind = null;
        foreach (var name in whole)
        {
            if (spans.TryGetValue(name.Timeline, out var span) && files.NumberOf(name) is { } number && number >= files.NumberAt(span.Begin)
                && files.StartOf(number + 1) is var end && (span.End is not { } left || end <= left) && (last is null || end > last))
            {
                (last, behind) = (end, name);
            }
        }

        foreach (var name in last is null ? unfinished : [])
        {
            if (spans.ContainsKey(name.Timeline) && files.NumberOf(name) is { } number && (last is null || files.StartOf(number) < last))
            {
                last = files.StartOf(number);
            }
        }

        var start = last ?? files.Floor(floor);
        start = least is { } bound && bound > start ? bound : start;

        // The file of a child holds the bytes of its parent before the switch: its first segment is asked for from the child.
        var timeline = path.Last(span => files.NumberAt(span.Begin) <= files.NumberAt(start)).Timeline;
        return new StartPoint(timeline, start, start == last ? behind : null, last is null);
    }
}
