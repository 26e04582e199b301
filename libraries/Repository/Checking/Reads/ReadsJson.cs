using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Checking.Reads;

/// <summary>An object below <c>stella/reads/</c>: packs that were read whole and found right.</summary>
internal sealed record ReadsJson
{
    public IReadOnlyList<ReadPacksJson>? Reads { get; init; }
}

/// <summary>Packs with the same time.</summary>
internal sealed record ReadPacksJson
{
    public DateTimeOffset Time { get; init; }
    public IReadOnlyList<BlobId>? Packs { get; init; }
}
