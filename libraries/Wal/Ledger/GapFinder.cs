using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Archive;

namespace StellaOps.Backup.Wal.Ledger;

/// <summary>
/// Finds what is missing in an archive: holes between its segments, and segments that its manifests name and the listing does not have, or
/// has with another length. Where a timeline was left and another one began nothing is missing: histories decide what follows what.
/// </summary>
public static class GapFinder
{
    /// <summary>Missing ranges, by timeline and position.</summary>
    public static IReadOnlyList<MissingRange> Find(WalInventory inventory)
    {
        ArgumentNullException.ThrowIfNull(inventory);
        if (inventory.Files is not { } files)
        {
            return [];
        }

        var present = inventory.Segments.Values
            .Where(segment => !IsDamaged(inventory, segment))
            .Select(segment => (segment.Name.Timeline, Number: files.NumberOf(segment.Name)))
            .Where(segment => segment.Number is not null)
            .GroupBy(segment => segment.Timeline, segment => segment.Number!.Value)
            .ToDictionary(group => group.Key, group => new SortedSet<ulong>(group));
        return [.. inventory.Timelines.SelectMany(timeline => Missing(inventory, files, present, timeline))];
    }

    /// <summary>True when manifests and state name its content, and none of them with the length that it has in the listing.</summary>
    public static bool IsDamaged(WalInventory inventory, ArchivedSegment segment)
    {
        ArgumentNullException.ThrowIfNull(inventory);
        ArgumentNullException.ThrowIfNull(segment);
        return inventory.Expected.TryGetValue(segment.Name, out var entry) && entry.Digest == segment.Digest && !inventory.IsAsStored(segment);
    }

    /// <summary>Segments of a range that are not there, or are damaged; not those that are not kept any more.</summary>
    public static IReadOnlyList<MissingRange> MissingWithin(WalInventory inventory, WalFiles files, MissingRange range)
    {
        ArgumentNullException.ThrowIfNull(inventory);
        ArgumentNullException.ThrowIfNull(files);
        return Group(files, range.Timeline, Numbers(files, Kept(inventory, range)).Where(number =>
        {
            _ = WalName.TryParse(files.Name(range.Timeline, number), out var name);
            return !inventory.Segments.TryGetValue(name, out var segment) || IsDamaged(inventory, segment);
        }));
    }

    /// <summary>The part of a range that is still kept.</summary>
    internal static MissingRange Kept(WalInventory inventory, MissingRange range) =>
        inventory.Expired?.Before(range.Timeline) is { } before && before > range.Start ? range with { Start = before } : range;

    /// <summary>Segments of <paramref name="missing"/> that are neither on their way into the archive nor covered by an entry of the ledger; neighbours as one range.</summary>
    internal static IReadOnlyList<MissingRange> Without(WalFiles files, IEnumerable<MissingRange> missing, IReadOnlyCollection<WalName> waiting, IReadOnlyList<WalGap> entries)
    {
        var covered = entries.SelectMany(gap => Numbers(files, new MissingRange(gap.Timeline, gap.StartLsn, gap.StopLsn)).Select(number => (gap.Timeline, number))).ToHashSet();
        covered.UnionWith(waiting.Select(name => (name.Timeline, files.NumberOf(name) ?? 0)));
        return [.. missing
            .SelectMany(range => Numbers(files, range).Select(number => (range.Timeline, Number: number)))
            .Where(one => !covered.Contains(one))
            .Distinct()
            .GroupBy(one => one.Timeline, one => one.Number)
            .SelectMany(timeline => Group(files, timeline.Key, timeline.Order()))];
    }

    private static IEnumerable<ulong> Numbers(WalFiles files, MissingRange range)
    {
        for (var number = files.NumberAt(range.Start); files.StartOf(number) < range.Stop; number++)
        {
            yield return number;
        }
    }

    /// <summary>Names of the segments of a range.</summary>
    internal static IEnumerable<WalName> Names(WalFiles files, MissingRange range)
    {
        foreach (var number in Numbers(files, range))
        {
            _ = WalName.TryParse(files.Name(range.Timeline, number), out var name);
            yield return name;
        }
    }

    /// <summary>Neighbours become one range.</summary>
    private static List<MissingRange> Group(WalFiles files, uint timeline, IEnumerable<ulong> ascending)
    {
        var ranges = new List<MissingRange>();
        foreach (var number in ascending)
        {
            var stop = files.StartOf(number + 1);
            if (ranges.Count > 0 && ranges[^1].Stop == files.StartOf(number))
            {
                ranges[^1] = ranges[^1] with { Stop = stop };
            }
            else
            {
                ranges.Add(new MissingRange(timeline, files.StartOf(number), stop));
            }
        }

        return ranges;
    }

    private static IEnumerable<MissingRange> Missing(WalInventory inventory, WalFiles files, Dictionary<uint, SortedSet<ulong>> present, uint timeline)
    {
        var here = present.GetValueOrDefault(timeline) ?? [];
        var expected = inventory.Expected.Keys.Where(name => name.Timeline == timeline).Select(files.NumberOf).OfType<ulong>();
        var known = new SortedSet<ulong>(here.Concat(expected));
        if (known.Count == 0)
        {
            yield break;
        }

        var (first, last) = (known.Min, known.Max);
        if (inventory.History(timeline)?.Parent is { } parent && present.ContainsKey(parent.Timeline))
        {
            first = Math.Min(first, files.NumberAt(parent.At));
        }

        foreach (var child in inventory.Histories.Values.Where(child => child.Parent?.Timeline == timeline && present.ContainsKey(child.Timeline)))
        {
            // The child's first segment holds what this timeline wrote of it.
            var begin = files.NumberAt(child.Parent!.At);
            last = begin > 0 ? Math.Max(last, begin - 1) : last;
        }

        var next = inventory.Expired?.Before(timeline) is { } before ? Math.Max(first, files.NumberAt(before)) : first;
        foreach (var number in here.Append(last + 1))
        {
            if (number > next)
            {
                yield return new MissingRange(timeline, files.StartOf(next), files.StartOf(number));
            }

            next = Math.Max(next, number + 1);
        }
    }
}
