using System.Collections.Concurrent;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Trees;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>
/// The trees of a restore, which reads each at least twice: before it changes anything, and while it writes. As many as fit are kept. From any thread.
/// Memory: about three times <see cref="MostKept"/>.
/// </summary>
internal sealed class RestoreTrees(IBlobReader blobs)
{
    /// <summary>Bytes of trees, as they are stored, uncompressed.</summary>
    private const long MostKept = 8 << 20;

    private readonly ConcurrentDictionary<BlobId, Tree> _kept = [];
    private long _bytes;

    /// <inheritdoc cref="TreeReader.ReadAsync"/>
    public async Task<Tree> ReadAsync(BlobId id, CancellationToken cancellationToken)
    {
        if (_kept.TryGetValue(id, out var kept))
        {
            return kept;
        }

        using var blob = await blobs.ReadAsync(BlobType.Tree, id, cancellationToken).ConfigureAwait(false);
        var tree = TreeCodec.Decode(blob.Memory.Span);
        if (Interlocked.Add(ref _bytes, blob.Memory.Length) <= MostKept)
        {
            _kept[id] = tree;
        }

        return tree;
    }

    /// <summary>Length of a tree as it is stored, in bytes, uncompressed; 0 when it is missing.</summary>
    public long LengthOf(BlobId id) => blobs.Find(BlobType.Tree, id)?.PlainLength ?? 0;
}
