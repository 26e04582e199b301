using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Files;
using StellaOps.Backup.Repository.Files.Linux;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>
/// Which blobs files of a target lack, as a comparison before the first change found: the restore that follows does not read them once more. As many as fit
/// are kept, a byte for each blob. From any thread.
/// </summary>
internal sealed class ComparedFiles(TimeProvider clock)
{
    private const long MostKept = 8 << 20;
    private const int PerFile = 256;

    // Whoever writes to a file changes its status, but two writes within a tick of the file system's clock look like one.
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<(ulong FileSystem, ulong Inode), Compared> _files = [];
    private long _bytes;

    /// <summary>Keeps what a comparison found, unless the file changed just before.</summary>
    /// <param name="file">The file, as it was before it was compared.</param>
    /// <param name="node">What it was compared with.</param>
    /// <param name="lacks">For each blob of the node whether the file lacks it.</param>
    public void Add(FileStatus file, Node node, bool[] lacks)
    {
        if (clock.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(file.Changed.Seconds) > Settled && Interlocked.Add(ref _bytes, PerFile + lacks.Length) <= MostKept)
        {
            _files[(file.FileSystem, file.Inode)] = new Compared(file.Size, file.Changed, Digest(node), lacks);
        }
    }

    /// <summary>What was found; null when the file was not compared with this node, or changed since.</summary>
    public bool[]? Find(FileStatus file, Node node) =>
        _files.TryGetValue((file.FileSystem, file.Inode), out var known) && known.Size == file.Size && known.Changed == file.Changed && known.Content == Digest(node)
            ? known.Lacks
            : null;

    private static BlobId Digest(Node node)
    {
        BlobId[] content = [.. node.Content];
        return BlobId.Of(MemoryMarshal.AsBytes(content.AsSpan()));
    }

    private sealed record Compared(long Size, UnixTime Changed, BlobId Content, bool[] Lacks);
}
