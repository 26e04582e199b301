using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Checking;
using StellaOps.Backup.Repository.Copying;

namespace StellaOps.Backup.Repository.Repairing;

/// <summary>What a repair did, or would do.</summary>
public sealed record RepairReport
{
    public required bool DryRun { get; init; }

    /// <summary>What was damaged before.</summary>
    public required IReadOnlyList<RepositoryDamage> Damages { get; init; }

    /// <summary>Blobs of damaged packs that were intact, and stand in new packs.</summary>
    public required long BlobsSalvaged { get; init; }

    /// <summary>Blobs that came from other repositories.</summary>
    public required long BlobsFetched { get; init; }

    /// <summary>Keys of damaged packs that no index file names any more.</summary>
    public required IReadOnlyList<string> PacksDropped { get; init; }

    /// <summary>True when index files were written anew.</summary>
    public required bool IndexRewritten { get; init; }

    /// <summary>Damaged or missing snapshots that were copied back: the id that was lost, and that of its successor, whose <c>original</c> it is.</summary>
    public required IReadOnlyList<CopiedSnapshot> SnapshotsRestored { get; init; }

    /// <summary>Needed, and in none of the repositories.</summary>
    public required IReadOnlyList<LostBlob> Lost { get; init; }

    /// <summary>Snapshots, keys and the config that could not be healed, with what to do.</summary>
    public required IReadOnlyList<string> Remaining { get; init; }

    /// <summary>True when nothing is lost any more.</summary>
    public bool IsWhole => Lost.Count == 0 && Remaining.Count == 0;
}

/// <summary>A blob that could not be healed, and whom that hurts.</summary>
/// <param name="Type">Data or tree.</param>
/// <param name="Id">Hash of its plaintext.</param>
/// <param name="Snapshots">Snapshots that need it.</param>
/// <param name="Files">Files, and for a tree directories, that need it: <c>snapshot:path</c>, at most <see cref="LostFiles.Most"/> in a report.</param>
public sealed record LostBlob(BlobType Type, BlobId Id, IReadOnlyList<BlobId> Snapshots, IReadOnlyList<string> Files);
