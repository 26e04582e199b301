namespace StellaOps.Backup.Repository.Pruning;

/// <summary>What a prune did, or would do. Sizes in stored bytes.</summary>
public sealed record PruneReport
{
    public required bool DryRun { get; init; }

    /// <summary>The plan that was executed, where backups that ended meanwhile did not change it.</summary>
    public required PrunePlan Plan { get; init; }

    /// <summary>Packs that stay as they are.</summary>
    public required long PacksKept { get; init; }

    /// <summary>Packs whose used blobs were written anew, together with others.</summary>
    public required long PacksRepacked { get; init; }

    /// <summary>Packs that left the index; a later prune deletes them.</summary>
    public required long PacksMarked { get; init; }

    /// <summary>Packs that were put back into the index.</summary>
    public required long PacksRestored { get; init; }

    /// <summary>Packs that were deleted; those that this run itself repacked are counted there.</summary>
    public required long PacksDeleted { get; init; }

    /// <summary>Entries that left the index.</summary>
    public required long BlobsRemoved { get; init; }

    /// <summary>Bytes of all packs in the store before the prune.</summary>
    public required long BytesBefore { get; init; }

    /// <summary>Bytes of all packs in the store after it, with those that are marked and wait.</summary>
    public required long BytesAfter { get; init; }
}
