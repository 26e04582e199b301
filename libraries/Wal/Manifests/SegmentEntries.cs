using StellaOps.Backup.Postgres;
using StellaOps.Backup.Postgres.Wal;
using StellaOps.Backup.Wal.Archive;

namespace StellaOps.Backup.Wal.Manifests;

/// <summary>Entries of manifests and of the state.</summary>
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

    /// <summary>Entry of an unfinished segment of which everything before <paramref name="stop"/> is archived.</summary>
    public static TailEntry Of(WalName name, Lsn stop, WalFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return new TailEntry
        {
            Name = name.ToString(), StopLsn = stop, FirstCommitAt = facts.FirstCommitAt, LastCommitAt = facts.LastCommitAt, RestorePoints = facts.RestorePoints,
        };
    }
}
