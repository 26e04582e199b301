using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Archive;

namespace StellaOps.Backup.Wal.Coverage;

/// <summary>Segments of one timeline without a hole between them.</summary>
public sealed record ArchivedRange
{
    /// <summary>Timeline.</summary>
    public required uint Timeline { get; init; }

    /// <summary>First segment.</summary>
    public required WalName FirstSegment { get; init; }

    /// <summary>Last segment, whole or a tail.</summary>
    public required WalName LastSegment { get; init; }

    /// <summary>First byte.</summary>
    public required Lsn Start { get; init; }

    /// <summary>Behind the last byte.</summary>
    public required Lsn Stop { get; init; }

    /// <summary>Whole segments.</summary>
    public required long Segments { get; init; }

    /// <summary>Bytes as stored.</summary>
    public required long Bytes { get; init; }

    /// <summary>True when the last segment is not finished.</summary>
    public bool HasTail { get; init; }

    /// <summary>Time of the earliest known commit.</summary>
    public DateTimeOffset? FirstCommitAt { get; init; }

    /// <summary>Time of the latest known commit.</summary>
    public DateTimeOffset? LastCommitAt { get; init; }
}

/// <summary>Sums up what an archive lists.</summary>
public static class ArchivedRanges
{
    /// <summary>
    /// Ranges by timeline and position; with times, only of segments that have commits between them. A segment whose times are not known
    /// counts as of the time of the one before it.
    /// </summary>
    public static IReadOnlyList<ArchivedRange> Of(WalInventory inventory, DateTimeOffset? after = null, DateTimeOffset? before = null)
    {
        ArgumentNullException.ThrowIfNull(inventory);
        if (inventory.Files is not { } files)
        {
            return [];
        }

        var ranges = new List<ArchivedRange>();
        DateTimeOffset? known = null;
        foreach (var piece in Pieces(inventory, files))
        {
            known = piece.LastCommitAt ?? known;
            if ((piece.LastCommitAt ?? known) < after || (piece.FirstCommitAt ?? known) > before)
            {
                continue;
            }

            if (ranges.Count > 0 && ranges[^1] is var last && last.Timeline == piece.Timeline && last.Stop == piece.Start)
            {
                ranges[^1] = Join(last, piece);
            }
            else
            {
                ranges.Add(piece);
            }
        }

        return ranges;
    }

    private static IEnumerable<ArchivedRange> Pieces(WalInventory inventory, WalFiles files)
    {
        var whole = inventory.Segments.Values.Select(segment => (segment.Name, Bytes: segment.Length, IsTail: false));
        var tails = inventory.Unfinished.Where(name => !inventory.Segments.ContainsKey(name) && inventory.Available(name) > 0)
            .Select(name => (Name: name, Bytes: inventory.Tails(name).Sum(tail => tail.Length), IsTail: true));
        foreach (var (name, bytes, isTail) in whole.Concat(tails).OrderBy(piece => piece.Name.Timeline).ThenBy(piece => files.NumberOf(piece.Name)))
        {
            var start = files.StartOf(files.NumberOf(name) ?? 0);
            var entry = inventory.Expected.GetValueOrDefault(name);
            var tail = isTail ? inventory.KnownTails.GetValueOrDefault(name) : null;
            yield return new ArchivedRange
            {
                Timeline = name.Timeline,
                FirstSegment = name,
                LastSegment = name,
                Start = start,
                Stop = new Lsn(start.Value + (ulong)inventory.Available(name)),
                Segments = isTail ? 0 : 1,
                Bytes = bytes,
                HasTail = isTail,
                FirstCommitAt = entry?.FirstCommitAt ?? tail?.FirstCommitAt,
                LastCommitAt = entry?.LastCommitAt ?? tail?.LastCommitAt,
            };
        }
    }

    private static ArchivedRange Join(ArchivedRange range, ArchivedRange next) => range with
    {
        LastSegment = next.LastSegment,
        Stop = next.Stop,
        Segments = range.Segments + next.Segments,
        Bytes = range.Bytes + next.Bytes,
        HasTail = next.HasTail,
        FirstCommitAt = range.FirstCommitAt ?? next.FirstCommitAt,
        LastCommitAt = next.LastCommitAt ?? range.LastCommitAt,
    };
}
