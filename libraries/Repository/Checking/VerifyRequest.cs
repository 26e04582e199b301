using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Checking;

/// <summary>What to verify.</summary>
public sealed record VerifyRequest
{
    /// <summary>Snapshots whose data is read; null reads every pack of the repository.</summary>
    public IReadOnlyCollection<BlobId>? Snapshots { get; init; }

    /// <summary>Called after each pack, by one thread at a time.</summary>
    public Action<VerifyProgress>? OnProgress { get; init; }
}

/// <summary>How far a verify is. Sizes in stored bytes.</summary>
public readonly record struct VerifyProgress(long Packs, long PacksTotal, long Bytes, long BytesTotal);
