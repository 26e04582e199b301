using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Pruning;

/// <summary>Decides what happens to each pack of the index.</summary>
internal sealed class FateChooser(PruneOptions options, RepositoryOptions repository)
{
    /// <summary>From this many small packs of a type on, they are merged.</summary>
    private const int ManySmall = 10;

    /// <summary>A pack below this part of the target is small: each backup leaves a few.</summary>
    private const int SmallPart = 4;

    /// <param name="packs">All; of some it is known already that they go back into the index.</param>
    internal void Choose(IReadOnlyList<PlannedPack> packs)
    {
        packs = [.. packs.Where(pack => pack.Fate == PackFate.Keep)];

        // Of a pack that index files describe differently one description may be unused and another not: only who copies what is used may take it out.
        foreach (var unused in packs.Where(pack => pack.UsedCount == 0 && (options.Repack || !pack.IsContradictory)))
        {
            (unused.Fate, unused.Why) = (PackFate.Mark, "nothing needs it");
        }

        if (options.Emergency || !options.Repack)
        {
            foreach (var partly in packs.Where(pack => pack.UsedCount > 0 && !pack.IsFullyUsed))
            {
                partly.Why = "part of it is needed";
            }

            return;
        }

        ChooseAmongPartlyUsed(packs);
        MergeSmall(packs);
    }

    /// <summary>The most wasteful first, until what stays unused is little; trees always, since they are small and read often.</summary>
    private void ChooseAmongPartlyUsed(IReadOnlyList<PlannedPack> packs)
    {
        var partly = packs.Where(pack => pack.UsedCount > 0 && !pack.IsFullyUsed).ToList();
        var usedBytes = partly.Sum(pack => pack.UsedBytes) + packs.Where(pack => pack.IsFullyUsed).Sum(pack => pack.Length);
        var unusedBytes = partly.Sum(Unused);
        foreach (var pack in partly.OrderByDescending(pack => Unused(pack) / (double)Math.Max(1, pack.Length)))
        {
            if (pack.IsContradictory || pack.HoldsTrees || unusedBytes > options.MaxUnused * usedBytes)
            {
                (pack.Fate, pack.Why) = (PackFate.Repack, pack.IsContradictory ? "index files describe it differently" : "much of it is not needed");
                unusedBytes -= Unused(pack);
            }
            else
            {
                pack.Why = "little of it is not needed";
            }
        }
    }

    /// <summary>A pack may also be full of blobs: merging it would make it anew.</summary>
    private void MergeSmall(IReadOnlyList<PlannedPack> packs)
    {
        var small = packs.Where(pack =>
            pack.Fate == PackFate.Keep
            && pack.Length < repository.PackTargetOf(pack.HoldsTrees ? BlobType.Tree : BlobType.Data) / SmallPart
            && pack.Range.Count < PackBuffer.MostEntries / SmallPart);
        foreach (var pack in small.GroupBy(pack => pack.HoldsTrees).Where(group => group.Count() >= ManySmall).SelectMany(group => group).ToList())
        {
            (pack.Fate, pack.Why) = (PackFate.Repack, "it is small, and many are");
        }
    }

    private static long Unused(PlannedPack pack) => Math.Max(0, pack.Length - pack.UsedBytes);
}
