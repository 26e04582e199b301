using System.Security.Cryptography;
using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.EvidenceBackup.Anchors;

/// <summary>
/// Root of a Merkle tree as RFC 6962 (2.1) defines it: a leaf is SHA-256 of 0x00 and its data, a node SHA-256 of 0x01 and its two
/// children, an odd node at the end of a level goes up as it is, and the root of no leaf is SHA-256 of nothing. Takes the leaves one by one.
/// </summary>
internal sealed class MerkleTree
{
    // Roots of whole subtrees, from the largest to the smallest: one for each bit that is set in Count.
    private readonly Stack<BlobId> _subtrees = new();

    public long Count { get; private set; }

    public void Add(ReadOnlySpan<byte> leaf)
    {
        var node = Hash(0, leaf);
        for (var bits = Count++; (bits & 1) == 1; bits >>= 1)
        {
            node = Parent(_subtrees.Pop(), node);
        }

        _subtrees.Push(node);
    }

    /// <summary>The root of all leaves so far.</summary>
    public BlobId Root()
    {
        if (_subtrees.Count == 0)
        {
            return BlobId.Of([]);
        }

        // A stack enumerates its top first: the smallest subtree is the right child of the one before it.
        return _subtrees.Aggregate((right, left) => Parent(left, right));
    }

    private static BlobId Parent(BlobId left, BlobId right)
    {
        Span<byte> both = stackalloc byte[2 * BlobId.Length];
        left.CopyTo(both);
        right.CopyTo(both[BlobId.Length..]);
        return Hash(1, both);
    }

    private static BlobId Hash(byte mark, ReadOnlySpan<byte> data)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([mark]);
        hash.AppendData(data);
        Span<byte> digest = stackalloc byte[BlobId.Length];
        hash.GetHashAndReset(digest);
        return new BlobId(digest);
    }
}
