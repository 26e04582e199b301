using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Packs;

/// <summary>
/// Ends a pack, stores it, and reads its header back from the store. The first pack is the first thing that a writer stores: index files come
/// after the packs that they name.
/// </summary>
internal sealed class PackUploader(IObjectStore store, UnitSealer sealer)
{
    /// <summary>When the task ends, the pack is durable. A crash before the index names it leaves a pack that prune removes.</summary>
    internal async Task<IndexedPack> UploadAsync(PackBuffer buffer, CancellationToken cancellationToken)
    {
        var pack = buffer.Finish(sealer);
        var id = BlobId.Of(pack.Span);
        var key = RepositoryFile.Key(FileKind.Pack, id);
        await store.PutAsync(key, pack, PutMode.Create, cancellationToken).ConfigureAwait(false);

        var header = pack[buffer.Length..];
        var stored = new byte[header.Length + 1]; // One more: the object must end here.
        var read = await store.ReadAsync(key, buffer.Length, stored, cancellationToken).ConfigureAwait(false);
        return stored.AsSpan(0, read).SequenceEqual(header.Span)
            ? new IndexedPack(id, [.. buffer.Entries])
            : throw new StorageException(StorageFailure.Unavailable, $"{store.Description}/{key} does not read back as it was stored");
    }
}
