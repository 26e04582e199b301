using System.Runtime.CompilerServices;
using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Caching;
using StellaOps.Backup.Repository.Compression;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Unpacked;

/// <summary>
/// Files that are one encrypted unit each: snapshots, indexes and locks. Version 2 compresses them: <c>0x02 ‖ zstd(JSON)</c>. The
/// name is the SHA-256 of the stored bytes (restic design, "Unpacked Data Format").
/// </summary>
internal sealed class UnpackedFiles(IObjectStore store, UnitSealer sealer, Zstd zstd, bool compress, FileCache? cache = null)
{
    private const byte ZstdMark = 2;

    /// <summary>
    /// What a small frame may grow to, in bytes: more than ten times the largest index file that restic and we write (50,000 blobs, 10 MB of JSON),
    /// so that those of a pack with many more blobs are read, too; our record of reads reaches it at 1.8 million packs.
    /// </summary>
    internal const int LargestPlain = 128 << 20;

    private const int LargestStored = LargestPlain + UnitCipher.Overhead;

    internal async ValueTask<BlobId> SaveAsync(FileKind kind, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        var file = Seal(json.Span);
        await SaveAsync(kind, file, cancellationToken).ConfigureAwait(false);
        return file.Id;
    }

    /// <summary>For callers that have to know the name even if the store fails.</summary>
    internal SealedFile Seal(ReadOnlySpan<byte> json)
    {
        var stored = Encode(json);
        return new SealedFile(BlobId.Of(stored), stored);
    }

    internal ValueTask SaveAsync(FileKind kind, SealedFile file, CancellationToken cancellationToken) =>
        store.PutAsync(RepositoryFile.Key(kind, file.Id), file.Content, PutMode.Create, cancellationToken);

    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/>: not what was written.</exception>
    /// <exception cref="StorageException"><see cref="StorageFailure.NotFound"/>.</exception>
    internal async ValueTask<byte[]> LoadAsync(FileKind kind, BlobId id, CancellationToken cancellationToken)
    {
        var key = RepositoryFile.Key(kind, id);
        if (cache?.TryRead(kind, id) is { } cached)
        {
            return Decode(key, cached);
        }

        var stored = await store.ReadAllAsync(key, LargestStored, cancellationToken).ConfigureAwait(false);
        if (BlobId.Of(stored) != id)
        {
            throw Damaged(key, "its content does not match its name");
        }

        cache?.Write(kind, id, stored);
        return Decode(key, stored);
    }

    internal async IAsyncEnumerable<(BlobId Id, long Length)> ListAsync(FileKind kind, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var found in store.ListAsync(RepositoryFile.Folder(kind), cancellationToken).ConfigureAwait(false))
        {
            if (RepositoryFile.TryParse(kind, found.Key, out var id))
            {
                yield return (id, found.Length);
            }
        }
    }

    internal ValueTask<StoredObject?> FindAsync(FileKind kind, BlobId id, CancellationToken cancellationToken) =>
        store.FindAsync(RepositoryFile.Key(kind, id), cancellationToken);

    internal ValueTask DeleteAsync(FileKind kind, BlobId id, CancellationToken cancellationToken) =>
        store.DeleteAsync(RepositoryFile.Key(kind, id), cancellationToken);

    private byte[] Encode(ReadOnlySpan<byte> json)
    {
        if (!compress)
        {
            var raw = new byte[json.Length + UnitCipher.Overhead];
            sealer.Seal(json, raw);
            return raw;
        }

        var plain = new byte[1 + Zstd.Bound(json.Length)];
        plain[0] = ZstdMark;
        var length = 1 + zstd.Compress(json, plain.AsSpan(1));
        var stored = new byte[length + UnitCipher.Overhead];
        sealer.Seal(plain.AsSpan(0, length), stored);
        return stored;
    }

    internal byte[] Decode(string key, byte[] stored)
    {
        if (stored.Length < UnitCipher.Overhead)
        {
            throw Damaged(key, "it is too short");
        }

        var plain = new byte[stored.Length - UnitCipher.Overhead];
        if (!sealer.TryOpen(stored, plain))
        {
            throw Damaged(key, "its authentication code is wrong");
        }

        return plain switch
        {
            [(byte)'{' or (byte)'[', ..] => plain,
            [ZstdMark, ..] => Zstd.Decompress(plain, 1, LargestPlain) ?? throw Damaged(key, "its compression is broken"),
            _ => throw Damaged(key, "it starts with neither JSON nor a known compression"),
        };
    }

    private static RepositoryException Damaged(string key, string why) => new(RepositoryFailure.Damaged, $"{key} is damaged: {why}");
}

/// <summary>A file as it will be stored.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Content">Its bytes.</param>
internal readonly record struct SealedFile(BlobId Id, ReadOnlyMemory<byte> Content);
