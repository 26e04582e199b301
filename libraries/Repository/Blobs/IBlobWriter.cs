namespace StellaOps.Backup.Repository.Blobs;

/// <summary>
/// The way into a repository: hash → deduplicate → compress → encrypt → pack → store. Safe for any number of callers at
/// the same time; that is how the pipeline uses the cores.
/// </summary>
public interface IBlobWriter : IAsyncDisposable
{
    /// <summary>
    /// Saves a blob unless the repository has it. The memory may be reused as soon as the task ends. Waits when the store
    /// is slower than the callers (memory is bounded).
    /// </summary>
    ValueTask<BlobId> SaveAsync(BlobType type, ReadOnlyMemory<byte> plaintext, CancellationToken cancellationToken = default);

    /// <summary>True when the repository, or this writer, has the blob: a parent's blob may then be referenced without reading.</summary>
    bool Contains(BlobType type, BlobId id);

    /// <summary>Stored bytes of the blobs that were new.</summary>
    long BytesAdded { get; }

    /// <summary>Counts of the blobs that were new.</summary>
    AddedBlobs Added { get; }

    /// <summary>Writes all open packs, then the index files that name them. Only then may a snapshot refer to the blobs.</summary>
    Task FlushAsync(CancellationToken cancellationToken = default);
}
