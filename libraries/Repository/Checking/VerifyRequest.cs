using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Checking;

/// <summary>What to verify.</summary>
public sealed record VerifyRequest
{
    /// <summary>Snapshots whose data is read; null reads every pack of the repository.</summary>
    public IReadOnlyCollection<BlobId>? Snapshots { get; init; }

    /// <summary>Reads only a part of that; null reads all.</summary>
    public VerifyShare? Share { get; init; }

    /// <summary>
    /// Keeps in the repository (<c>stella/reads/</c>, which restic does not look at) which packs were found whole and when, for later runs with a
    /// <see cref="Share"/>. Always done with a share. A store that cannot be written is no error; the report says so.
    /// </summary>
    public bool Remember { get; init; }

    /// <summary>Called after each pack, by one thread at a time.</summary>
    public Action<VerifyProgress>? OnProgress { get; init; }
}

/// <summary>How far a verify is. Sizes in stored bytes.</summary>
public readonly record struct VerifyProgress(long Packs, long PacksTotal, long Bytes, long BytesTotal);
