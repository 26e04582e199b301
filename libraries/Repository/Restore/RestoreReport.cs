namespace StellaOps.Backup.Repository.Restore;

/// <summary>What a restore did; everything it wrote is durable.</summary>
public sealed record RestoreReport
{
    /// <summary>Regular files that were created or changed.</summary>
    public required long FilesWritten { get; init; }

    /// <summary>Regular files that had the right content.</summary>
    public required long FilesUnchanged { get; init; }

    /// <summary>Entries of any kind that <see cref="RestoreRequest.DeleteExtra"/> removed.</summary>
    public required long FilesDeleted { get; init; }

    /// <summary>Paths of the first of those, at most <see cref="MaxDeletedPaths"/>, relative to the target; bytes that are not UTF-8 show as U+FFFD.</summary>
    public IReadOnlyList<string> DeletedPaths { get; init; } = [];

    /// <summary>Bytes of content written.</summary>
    public required long BytesWritten { get; init; }

    /// <summary>What was in the way and was left as it is, so that the snapshot's entry is not restored.</summary>
    public required IReadOnlyList<RestoreConflict> Conflicts { get; init; }

    /// <summary>What of restored entries could not be set, such as owners without root; one line for each kind.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>What is deleted is counted; so many are named.</summary>
    public const int MaxDeletedPaths = 50;
}

/// <summary>An entry of the snapshot that was not restored.</summary>
/// <param name="Path">Relative to the target; bytes that are not UTF-8 show as U+FFFD.</param>
/// <param name="Reason">What is in the way, starting in lower case.</param>
public sealed record RestoreConflict(string Path, string Reason);
