using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Pruning;

/// <summary>A pack of the index with what is needed of it. About 130 bytes; its entries stay in the index.</summary>
internal sealed class PlannedPack
{
    internal required BlobIndex.PackRange Range { get; init; }

    /// <summary>Bytes in the store; 0 for further descriptions of a pack that index files describe differently.</summary>
    internal required long Length { get; init; }
    internal required bool HoldsTrees { get; init; }

    /// <summary>Index files describe it differently: its blobs are read one by one, and it goes.</summary>
    internal required bool IsContradictory { get; init; }

    internal int UsedCount { get; private set; }

    internal long UsedBytes { get; private set; }

    internal bool HeldByForgottenOnly { get; private set; }

    internal PackFate Fate { get; set; } = PackFate.Keep;

    internal string Why { get; set; } = "all of it is needed";

    internal BlobId Id => Range.Pack;

    internal bool IsFullyUsed => UsedCount == Range.Count && !IsContradictory;

    internal void Count(BlobIndex index, UsedBlobs byAll, UsedBlobs bySnapshots)
    {
        (UsedCount, UsedBytes, HeldByForgottenOnly) = (0, 0, true);
        var entries = index.EntriesOf(Range);
        for (var i = 0; i < entries.Length; i++)
        {
            if (byAll.IsUsed(Range.First + i))
            {
                UsedCount++;
                UsedBytes += entries[i].StoredLength;
                HeldByForgottenOnly &= !bySnapshots.IsUsed(Range.First + i);
            }
        }

        HeldByForgottenOnly &= UsedCount > 0;
    }

    /// <summary>True when something needs a blob of it that nothing needed when it was counted.</summary>
    internal bool IsNeededMore(UsedBlobs now)
    {
        var used = 0;
        for (var i = 0; i < Range.Count; i++)
        {
            used += now.IsUsed(Range.First + i) ? 1 : 0;
        }

        return used > UsedCount;
    }

    internal IEnumerable<PackEntry> UsedEntries(BlobIndex index, UsedBlobs used) =>
        index.EntriesOf(Range).Where((_, i) => used.IsUsed(Range.First + i));
}
