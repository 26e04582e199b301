using System.Globalization;
using System.Text;

namespace StellaOps.Backup.Postgres.Timelines;

/// <summary>
/// Where a timeline comes from: its ancestors, each with the position at which it was left (PostgreSQL manual, "Timelines";
/// src/backend/access/transam/timeline.c). What follows what is decided by these files alone.
/// </summary>
/// <param name="Timeline">The timeline whose history this is.</param>
/// <param name="Ancestors">Oldest first; empty for timeline 1.</param>
public sealed record TimelineHistory(uint Timeline, IReadOnlyList<TimelineSwitch> Ancestors)
{
    /// <summary>The first timeline has no history file.</summary>
    public static TimelineHistory First { get; } = new(1, []);

    /// <summary>Parent; null for a timeline without a history.</summary>
    public TimelineSwitch? Parent => Ancestors.Count > 0 ? Ancestors[^1] : null;

    /// <summary>Reads a history file.</summary>
    /// <exception cref="FormatException">A line that is neither empty, nor a comment, nor an ancestor in the order of their numbers.</exception>
    public static TimelineHistory Parse(uint timeline, ReadOnlySpan<byte> content)
    {
        var ancestors = new List<TimelineSwitch>();
        foreach (var line in Encoding.UTF8.GetString(content).Split('\n'))
        {
            var text = line.Trim();
            if (text.Length == 0 || text[0] == '#')
            {
                continue;
            }

            var parts = text.Split((char[]?)null, 3, StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length < 2 || !uint.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id) || !Lsn.TryParse(parts[1], out var at)
                || id >= timeline || (ancestors.Count > 0 && id <= ancestors[^1].Timeline))
            {
                throw new FormatException($"the history of timeline {timeline} has a line that is not understood: '{text}'");
            }

            ancestors.Add(new TimelineSwitch(id, at));
        }

        return new TimelineHistory(timeline, ancestors);
    }

    /// <summary>
    /// The way from the oldest ancestor to this timeline: each with the range of positions that is read from it. A server that stops its recovery
    /// before the beginning of the timeline that it recovers along names that as parent all the same, left before it began: nothing is
    /// read from it, and its own parent is left as early (PostgreSQL looks at the newest timeline first, tliOfPointInHistory).
    /// </summary>
    public IReadOnlyList<TimelineSpan> Path()
    {
        var path = new List<TimelineSpan>(Ancestors.Count + 1);
        var begin = new Lsn(0);
        for (var index = 0; index < Ancestors.Count; index++)
        {
            var end = Ancestors.Skip(index).Select(ancestor => ancestor.At).Min();
            path.Add(new TimelineSpan(Ancestors[index].Timeline, begin, end));
            begin = end;
        }

        path.Add(new TimelineSpan(Timeline, begin, null));
        return path;
    }
}

/// <summary>A timeline that was left at a position.</summary>
public sealed record TimelineSwitch(uint Timeline, Lsn At);

/// <summary>A timeline, and the positions from <paramref name="Begin"/> up to, not including, <paramref name="End"/> (null: to its end) that are read from it.</summary>
public sealed record TimelineSpan(uint Timeline, Lsn Begin, Lsn? End);
