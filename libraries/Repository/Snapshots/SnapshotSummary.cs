namespace StellaOps.Backup.Repository.Snapshots;

/// <summary>What the backup that made a snapshot did. Sizes in bytes.</summary>
public sealed record SnapshotSummary
{
    public DateTimeOffset BackupStart { get; init; }
    public DateTimeOffset BackupEnd { get; init; }
    public long FilesNew { get; init; }
    public long FilesChanged { get; init; }
    public long FilesUnmodified { get; init; }
    public long DirsNew { get; init; }
    public long DirsChanged { get; init; }
    public long DirsUnmodified { get; init; }
    public long DataBlobs { get; init; }
    public long TreeBlobs { get; init; }

    /// <summary>Plain bytes of new blobs.</summary>
    public long DataAdded { get; init; }

    /// <summary>Stored bytes of new blobs.</summary>
    public long DataAddedPacked { get; init; }
    public long TotalFilesProcessed { get; init; }
    public long TotalBytesProcessed { get; init; }
}
