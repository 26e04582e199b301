using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Repository.Pruning;

/// <summary>What a prune has read and decided, before it changes anything.</summary>
internal sealed class PruneState
{
    internal required BlobIndex Index { get; init; }

    /// <summary>Index files that <see cref="Index"/> was read from.</summary>
    internal required HashSet<BlobId> IndexFiles { get; init; }

    /// <summary>Snapshots and forgotten snapshots whose data is known to be needed.</summary>
    internal required HashSet<BlobId> Walked { get; init; }

    /// <summary>Records that end with this prune: expired, damaged where all end, or of snapshots that exist.</summary>
    internal required IReadOnlyList<ForgottenSnapshot> Ending { get; set; }
    internal required IReadOnlyList<ForgottenSnapshot> Kept { get; init; }

    /// <summary>What snapshots and kept forgotten snapshots need.</summary>
    internal required UsedBlobs Used { get; set; }

    /// <summary>Packs that the index names.</summary>
    internal required IReadOnlyList<PlannedPack> Packs { get; init; }

    /// <summary>Packs that index files name and that are not there, or not whole; nothing needs them.</summary>
    internal required HashSet<BlobId> Broken { get; init; }

    /// <summary>Packs in the store that no index file names and nothing needs, with their length.</summary>
    internal required Dictionary<BlobId, long> Unindexed { get; init; }

    /// <summary>When packs among <see cref="Unindexed"/> were marked.</summary>
    internal required IReadOnlyDictionary<BlobId, DateTimeOffset> Marked { get; init; }

    /// <summary>The index has entries of packs that no index file names: what a new snapshot needs cannot be told from it.</summary>
    internal required bool NamesUnindexed { get; init; }
    internal required PendingPacks Pending { get; init; }
    internal required long BytesInStore { get; init; }
    internal required PrunePlan Plan { get; init; }

    /// <summary>Packs with the copies of what is repacked, durable and named by index files: as long as these name them, the originals may go.</summary>
    internal HashSet<BlobId> Copies { get; } = [];

    internal IEnumerable<PlannedPack> Dropped => Packs.Where(pack => pack.Fate is PackFate.Repack or PackFate.Mark);
}
