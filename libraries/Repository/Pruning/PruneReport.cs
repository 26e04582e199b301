namespace StellaOps.Backup.Repository.Pruning;

/// <summary>What a prune did, or would do. Sizes in stored bytes.</summary>
public sealed record PruneReport
{
    public required bool DryRun { get; init; }

    /// <summary>Packs that stay as they are.</summary>
    public required long PacksKept { get; init; }

    /// <summary>Packs whose used blobs were written anew, together with others.</summary>
    public required long PacksRepacked { get; init; }

    /// <summary>Packs that held nothing that is needed, with those that no index file named.</summary>
    public required long PacksDeleted { get; init; }
    public required long BlobsRemoved { get; init; }
    public required long BytesBefore { get; init; }

    /// <summary>Bytes of all packs after the prune; for a dry run those of the used blobs of packs to be repacked are an estimate.</summary>
    public required long BytesAfter { get; init; }
}
