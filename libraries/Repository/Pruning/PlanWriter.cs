using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Repository.Pruning;

/// <summary>Puts what was decided into the words and numbers of a <see cref="PrunePlan"/>.</summary>
internal sealed class PlanWriter(PruneOptions options, DateTimeOffset now)
{
    internal PrunePlan Write(
        int snapshots,
        List<ForgottenSnapshot> kept,
        int dropped,
        List<PlannedPack> packs,
        Dictionary<BlobId, long> unindexed,
        Dictionary<BlobId, DateTimeOffset> marked,
        IReadOnlyList<string> warnings)
    {
        var rows = new Dictionary<(PackFate, string), PlannedPacks>();
        foreach (var pack in packs)
        {
            Add(rows, pack.Fate, pack.Why, pack.Length, pack.UsedBytes);
        }

        foreach (var (pack, length) in unindexed)
        {
            var (fate, why) = FateOf(pack, marked);
            Add(rows, fate, why, length, usedBytes: 0);
        }

        if (options.EffectiveGrace == TimeSpan.Zero)
        {
            EndGrace(rows);
        }

        return new PrunePlan
        {
            Packs = [.. rows.Values.OrderBy(row => row.Fate).ThenBy(row => row.Why, StringComparer.Ordinal)],
            Snapshots = snapshots,
            ForgottenKept = kept.Count,
            ForgottenDropped = dropped,
            NextForgottenExpiry = kept.Count == 0 ? null : kept.Min(snapshot => snapshot.ExpiresAt),
            BytesHeldByForgotten = packs.Where(pack => pack.HeldByForgottenOnly).Sum(pack => pack.Length),
            Warnings = warnings,
        };
    }

    private (PackFate Fate, string Why) FateOf(BlobId pack, Dictionary<BlobId, DateTimeOffset> marked) =>
        options.EffectiveGrace == TimeSpan.Zero ? (PackFate.Delete, "nothing needs it")
        : !marked.TryGetValue(pack, out var at) ? (PackFate.Mark, "no index file names it")
        : at + options.EffectiveGrace <= now ? (PackFate.Delete, "it was marked, and its grace is over")
        : (PackFate.Wait, "it was marked, and its grace is not over");

    /// <summary>Without a grace, what would be marked is deleted.</summary>
    private static void EndGrace(Dictionary<(PackFate, string), PlannedPacks> rows)
    {
        foreach (var (key, row) in rows.Where(row => row.Key.Item1 == PackFate.Mark).ToList())
        {
            rows.Remove(key);
            var known = rows.GetValueOrDefault((PackFate.Delete, row.Why), new PlannedPacks(PackFate.Delete, row.Why, 0, 0, 0));
            rows[(PackFate.Delete, row.Why)] = known with { Packs = known.Packs + row.Packs, Bytes = known.Bytes + row.Bytes };
        }
    }

    private static void Add(Dictionary<(PackFate, string), PlannedPacks> rows, PackFate fate, string why, long bytes, long usedBytes)
    {
        var row = rows.GetValueOrDefault((fate, why), new PlannedPacks(fate, why, 0, 0, 0));
        rows[(fate, why)] = row with { Packs = row.Packs + 1, Bytes = row.Bytes + bytes, UsedBytes = row.UsedBytes + usedBytes };
    }
}
