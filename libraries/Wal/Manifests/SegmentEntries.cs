using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Archive;

namespace StellaOps.Backup.Wal.Manifests;

/// <summary>Entries of manifests.</summary>
public static class SegmentEntries
{
    /// <summary>Entry of a segment that was archived here.</summary>
    public static SegmentEntry Of(ArchivedSegment segment, string? storedDigest, WalFacts facts)
    {
        ArgumentNullException.ThrowIfNull(segment);
        ArgumentNullException.ThrowIfNull(facts);
        return new SegmentEntry
        {
            Name = segment.Name.ToString(),
            Digest = segment.Digest,
            Length = segment.Length,
            StoredDigest = storedDigest,
            FirstCommitAt = facts.FirstCommitAt,
            LastCommitAt = facts.LastCommitAt,
            RestorePoints = facts.RestorePoints,
        };
    }
}
