using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Copying;

/// <summary>What a copy did, or would do.</summary>
public sealed record CopyReport
{
    public required bool DryRun { get; init; }

    /// <summary>Snapshots that the target has now. In a dry run those that it would get, with the id of the source.</summary>
    public required IReadOnlyList<CopiedSnapshot> Copied { get; init; }

    /// <summary>Snapshots that the target had before.</summary>
    public required IReadOnlyList<CopiedSnapshot> Present { get; init; }

    /// <summary>Snapshots that cannot be copied because the source is damaged; everything else was.</summary>
    public required IReadOnlyList<FailedSnapshot> Failed { get; init; }

    /// <summary>Of the forgotten snapshots that were to be carried over, those whose data is gone already.</summary>
    public IReadOnlyList<FailedSnapshot> ForgottenLost { get; init; } = [];

    /// <summary>Blobs that the target lacked.</summary>
    public required long Blobs { get; init; }

    /// <summary>Their stored bytes in the source.</summary>
    public required long Bytes { get; init; }

    /// <summary>Stored bytes that the target got.</summary>
    public required long BytesAdded { get; init; }

    public required TimeSpan Elapsed { get; init; }
}

/// <summary>A snapshot in both repositories.</summary>
public readonly record struct CopiedSnapshot(BlobId Source, BlobId Target);

/// <summary>A snapshot that was not copied.</summary>
/// <param name="Source">Its id.</param>
/// <param name="Reason">What of it is damaged.</param>
public readonly record struct FailedSnapshot(BlobId Source, string Reason);
