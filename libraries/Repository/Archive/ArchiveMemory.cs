using StellaOps.Backup.Repository.Chunks;
using StellaOps.Backup.Repository.Packs;

namespace StellaOps.Backup.Repository.Archive;

/// <summary>What a backup needs at most, whatever the size of its files: the sum of bounds that its parts keep.</summary>
public static class ArchiveMemory
{
    private const long Megabyte = 1 << 20;

    /// <summary>A blob's place in the index (<see cref="Indexes.BlobIndex"/>), and an entry of a directory that is not complete yet.</summary>
    private const long IndexEntry = 60, DirectoryEntry = 1200;

    /// <summary>A blob of a file in a directory whose tree is saved: its id, 67 bytes of JSON, and what they are compressed to.</summary>
    private const long TreeBlob = 140;

    /// <summary>A context of zstd at the levels up to 3, measured; higher levels need up to 90 MiB.</summary>
    private const long CompressionContext = 4 * Megabyte;

    /// <summary>Blocks of packs with the parent's trees (<see cref="PackBlocks"/>), and what the collector lets gather before it works.</summary>
    private const long ParentTrees = 16 * Megabyte, YoungObjects = 16 * Megabyte;

    /// <summary>The index file that is read or written, as JSON and as stored.</summary>
    private const long IndexFile = 6 * Megabyte;

    /// <summary>Bytes beyond those of the program itself.</summary>
    /// <param name="options">Of the repository.</param>
    /// <param name="request">The backup.</param>
    /// <param name="blobs">Blobs of the repository when the backup ends.</param>
    /// <param name="treeBlobs">Blobs of all files of the directory that has most of them.</param>
    /// <param name="openEntries">
    /// Most entries at a time of directories that are at work: those from the root to where the walk is, and those with files in the queue.
    /// </param>
    public static long Most(RepositoryOptions options, ArchiveRequest request, long blobs, long treeBlobs, long openEntries)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(request);
        return PackBufferPool.Memory(options)
            + request.Readers * (long)(ChunkReader.Memory + ChunkBatch.Length)
            + request.Savers * (long)(ContentCutter.Maximum + ChunkBatch.Length)
            + options.Encoders * (ContentCutter.Maximum + Megabyte + CompressionContext)
            + blobs * IndexEntry + treeBlobs * TreeBlob + openEntries * DirectoryEntry + ParentTrees + IndexFile + YoungObjects;
    }
}
