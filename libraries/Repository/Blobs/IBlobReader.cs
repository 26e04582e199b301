using System.Buffers;

namespace StellaOps.Backup.Repository.Blobs;

/// <summary>The way out: find in the index → read → authenticate → decrypt → decompress → compare the hash.</summary>
public interface IBlobReader
{
    /// <summary>Plaintext of a blob, in pooled memory that the caller disposes. Exactly the blob's length.</summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/>: not in the index, or not as it was written.</exception>
    ValueTask<IMemoryOwner<byte>> ReadAsync(BlobType type, BlobId id, CancellationToken cancellationToken = default);

    /// <summary>Length of the plaintext, and the place in its pack; null when the index does not know the blob.</summary>
    BlobLocation? Find(BlobType type, BlobId id);
}

/// <summary>Where a blob lies.</summary>
/// <param name="Pack">Pack that holds it.</param>
/// <param name="Offset">Bytes from the pack's start.</param>
/// <param name="StoredLength">Bytes in the pack, with IV and MAC.</param>
/// <param name="PlainLength">Bytes of the plaintext.</param>
/// <param name="Compressed">True when the plaintext was compressed.</param>
public readonly record struct BlobLocation(BlobId Pack, uint Offset, uint StoredLength, uint PlainLength, bool Compressed);
