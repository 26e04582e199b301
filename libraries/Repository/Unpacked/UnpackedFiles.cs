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
    /// What a small frame may grow to, in bytes: more than ten times the largest index file that restic writes (50,000 blobs, 10 MB of JSON),
    /// so that those of a pack with many more blobs are read, too; our record of reads reaches it at 1.8 million packs.
    /// </summary>
    internal const int LargestPlain = 128 << 20;

    private const int LargestStored = LargestPlain + UnitCipher.Overhead;

    private readonly BufferPool _encoding = new();

    /// <summary>The same with files of another store, sealed with the same key.</summary>
    internal UnpackedFiles At(IObjectStore other) => new(other, sealer, zstd, compress);

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
    internal ValueTask<byte[]> LoadAsync(FileKind kind, BlobId id, CancellationToken cancellationToken) =>
        ReadAsync(kind, id, new BufferPool(), json => json.ToArray(), cancellationToken);

    /// <summary>Reads a file whose JSON is only needed during a call: <paramref name="buffers"/> serve the next file.</summary>
    /// <exception cref="RepositoryException"><see cref="RepositoryFailure.Damaged"/>: not what was written.</exception>
    /// <exception cref="StorageException"><see cref="StorageFailure.NotFound"/>.</exception>
    internal async ValueTask<T> ReadAsync<T>(FileKind kind, BlobId id, BufferPool buffers, Func<ReadOnlySpan<byte>, T> read, CancellationToken cancellationToken)
    {
        var key = RepositoryFile.Key(kind, id);
        if (cache?.TryRead(kind, id) is not { } stored)
        {
            stored = await store.ReadAllAsync(key, LargestStored, cancellationToken).ConfigureAwait(false);
            if (BlobId.Of(stored) != id)
            {
                throw Damaged(key, "its content does not match its name");
            }

            cache?.Write(kind, id, stored);
        }

        return Decode(key, stored, buffers, read);
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

        using var plain = _encoding.Rent(1 + Zstd.Bound(json.Length));
        plain.Memory.Span[0] = ZstdMark;
        var length = 1 + zstd.Compress(json, plain.Memory.Span[1..]);
        var stored = new byte[length + UnitCipher.Overhead];
        sealer.Seal(plain.Memory.Span[..length], stored);
        return stored;
    }

    internal byte[] Decode(string key, byte[] stored) => Decode(key, stored, new BufferPool(), json => json.ToArray());

    private T Decode<T>(string key, byte[] stored, BufferPool buffers, Func<ReadOnlySpan<byte>, T> read)
    {
        if (stored.Length < UnitCipher.Overhead)
        {
            throw Damaged(key, "it is too short");
        }

        using var plain = buffers.Rent(stored.Length - UnitCipher.Overhead);
        if (!sealer.TryOpen(stored, plain.Memory.Span))
        {
            throw Damaged(key, "its authentication code is wrong");
        }

        return plain.Memory.Span switch
        {
            [(byte)'{' or (byte)'[', ..] => read(plain.Memory.Span),
            [ZstdMark, ..] => Decompress(key, plain.Memory[1..], buffers, read),
            _ => throw Damaged(key, "it starts with neither JSON nor a known compression"),
        };
    }

    private T Decompress<T>(string key, ReadOnlyMemory<byte> frame, BufferPool buffers, Func<ReadOnlySpan<byte>, T> read)
    {
        if (Zstd.ContentLength(frame.Span, LargestPlain) is not { } length)
        {
            return read(Zstd.Decompress(frame, LargestPlain) ?? throw Damaged(key, "its compression is broken"));
        }

        using var json = buffers.Rent(length);
        return zstd.TryDecompress(frame.Span, json.Memory.Span) ? read(json.Memory.Span) : throw Damaged(key, "its compression is broken");
    }

    private static RepositoryException Damaged(string key, string why) => new(RepositoryFailure.Damaged, $"{key} is damaged: {why}");
}

/// <summary>A file as it will be stored.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Content">Its bytes.</param>
internal readonly record struct SealedFile(BlobId Id, ReadOnlyMemory<byte> Content);
