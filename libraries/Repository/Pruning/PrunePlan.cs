using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Pruning;

/// <summary>What happens to each pack.</summary>
internal sealed class PrunePlan
{
    /// <summary>From this many small packs of a type on, they are merged.</summary>
    private const int ManySmall = 10;

    /// <summary>A pack below this part of the target is small: each backup leaves a few.</summary>
    private const int SmallPart = 4;

    internal List<PlannedPack> Keep { get; } = [];

    internal List<PlannedPack> Repack { get; } = [];

    /// <summary>Indexed packs without a used blob.</summary>
    internal List<PlannedPack> Unused { get; } = [];

    /// <summary>Packs that no index file names, with their length.</summary>
    internal IReadOnlyDictionary<BlobId, long> Unindexed { get; }

    internal bool ChangesIndex => Repack.Count + Unused.Count > 0;

    internal long BytesBefore => All.Sum(pack => pack.Length) + Unindexed.Values.Sum();

    internal long BytesAfter => Keep.Sum(pack => pack.Length) + Repack.Sum(pack => pack.UsedBytes);

    internal long BlobsRemoved => All.Sum(pack => pack.Entries.Count) - Keep.Sum(pack => pack.Entries.Count) - Repack.Sum(pack => pack.Used.Count);

    private IEnumerable<PlannedPack> All => Keep.Concat(Repack).Concat(Unused);

    internal PrunePlan(RepositoryContents contents, UsedBlobs used, double maxUnused, int packTarget)
    {
        Unindexed = contents.Packs.Where(pack => !contents.Index.ContainsPack(pack.Key)).ToDictionary();
        var packs = PlannedPacks(contents.Index, used);
        Unused.AddRange(packs.Where(pack => pack.Used.Count == 0));
        Keep.AddRange(packs.Where(pack => pack.IsFullyUsed));
        ChooseAmongPartlyUsed([.. packs.Where(pack => pack.Used.Count > 0 && !pack.IsFullyUsed)], maxUnused);
        MergeSmall(packTarget / SmallPart);
    }

    /// <summary>A pack that index files describe differently counts once, with all that any of them says.</summary>
    private static List<PlannedPack> PlannedPacks(BlobIndex index, UsedBlobs used)
    {
        var packs = new Dictionary<BlobId, PlannedPack>();
        foreach (var range in index.Packs())
        {
            var entries = index.EntriesOf(range);
            var needed = entries.Where((_, i) => used.IsUsed(range.First + i)).ToList();
            packs[range.Pack] = packs.TryGetValue(range.Pack, out var known)
                ? new PlannedPack(range.Pack, [.. known.Entries.Union(entries).OrderBy(entry => entry.Offset)], [.. known.Used.Union(needed)]) { IsContradictory = true }
                : new PlannedPack(range.Pack, entries, needed);
        }

        return [.. packs.Values];
    }

    /// <summary>The most wasteful first, until what stays unused is little; trees always, since they are small and read often.</summary>
    private void ChooseAmongPartlyUsed(List<PlannedPack> packs, double maxUnused)
    {
        var usedBytes = packs.Sum(pack => pack.UsedBytes) + Keep.Sum(pack => pack.Length);
        var unusedBytes = packs.Sum(pack => pack.UnusedBytes);
        foreach (var pack in packs.OrderByDescending(pack => pack.UnusedBytes / (double)pack.Length))
        {
            if (pack.IsContradictory || pack.HoldsTrees || unusedBytes > maxUnused * usedBytes)
            {
                Repack.Add(pack);
                unusedBytes -= pack.UnusedBytes;
            }
            else
            {
                Keep.Add(pack);
            }
        }
    }

    private void MergeSmall(int limit)
    {
        foreach (var small in Keep.Where(pack => pack.Length < limit).GroupBy(pack => pack.HoldsTrees).Where(group => group.Count() >= ManySmall).ToList())
        {
            foreach (var pack in small)
            {
                Keep.Remove(pack);
                Repack.Add(pack);
            }
        }
    }
}

/// <summary>A pack with the entries that snapshots need.</summary>
internal sealed record PlannedPack(BlobId Id, IReadOnlyList<PackEntry> Entries, IReadOnlyList<PackEntry> Used)
{
    internal long Length { get; } = PackHeader.PackLength(Entries);

    internal long UsedBytes { get; } = Used.Sum(entry => (long)entry.StoredLength);

    internal long UnusedBytes => Length - UsedBytes;

    internal bool IsContradictory { get; init; }

    internal bool IsFullyUsed => Used.Count == Entries.Count && !IsContradictory;

    internal bool HoldsTrees => Entries.Any(entry => entry.Type == BlobType.Tree);
}
