using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Snapshots;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>What was saved, and what was not.</summary>
public sealed record ArchiveResult
{
    /// <summary>The snapshot, with its id; durable.</summary>
    public required Snapshot Snapshot { get; init; }
    public required BlobId RootTree { get; init; }

    /// <summary>Regular files in the snapshot: new ones, changed ones, and those taken over from the parent.</summary>
    public required long Files { get; init; }
    public required long FilesNew { get; init; }
    public required long FilesChanged { get; init; }
    public required long FilesUnmodified { get; init; }

    /// <summary>Content of all files in the snapshot, in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>What of it was read; the rest was taken over from the parent.</summary>
    public required long BytesRead { get; init; }

    /// <summary>Stored bytes that this snapshot added to the repository.</summary>
    public required long BytesAdded { get; init; }

    /// <summary>What is missing from the snapshot or was saved in doubt; anything here makes the backup incomplete.</summary>
    public required IReadOnlyList<ArchiveProblem> Problems { get; init; }
}

/// <summary>Something that could not be saved as it is.</summary>
/// <param name="Path">Absolute path; bytes that are not UTF-8 show as U+FFFD.</param>
/// <param name="Reason">What happened, starting in lower case.</param>
/// <param name="Vanished">True when it was listed and is gone now, which is normal for a live tree.</param>
public sealed record ArchiveProblem(string Path, string Reason, bool Vanished);
