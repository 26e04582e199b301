using System.Buffers;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Blobs;

/// <inheritdoc cref="IBlobReader"/>
internal sealed class BlobReader(IObjectStore store, Func<BlobIndex> currentIndex, BlobCodec codec) : IBlobReader
{
    private readonly PackBlocks _blocks = new(store);

    /// <summary>Reads what one index knows, whatever becomes of it.</summary>
    internal BlobReader(IObjectStore store, BlobIndex index, BlobCodec codec)
        : this(store, () => index, codec)
    {
    }

    /// <inheritdoc/>
    public BlobLocation? Find(BlobType type, BlobId id) => currentIndex().Find(type, id);

    /// <inheritdoc/>
    public async ValueTask<IMemoryOwner<byte>> ReadAsync(BlobType type, BlobId id, CancellationToken cancellationToken = default)
    {
        var index = currentIndex();
        if (index.Find(type, id) is not { } first)
        {
            throw new RepositoryException(RepositoryFailure.Damaged, $"the {Name(type)} {id} is in no index file");
        }

        // Short trees lie together, and a long one has a read of its own. What was wrong with a block may have gone wrong on its way: then the blob alone is read once more.
        if (type == BlobType.Tree && first.StoredLength <= PackBlocks.BlockLength && (await TryReadAsync(_blocks.ReadAsync, first, id, cancellationToken).ConfigureAwait(false)).Plain is { } tree)
        {
            return tree;
        }

        var (plain, wrong) = await TryReadAsync(first, id, cancellationToken).ConfigureAwait(false);
        return plain ?? await ReadElsewhereAsync(index, type, id, first, wrong, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads a blob from one place.</summary>
    internal ValueTask<(RentedMemory? Plain, string? Wrong)> TryReadAsync(BlobLocation location, BlobId id, CancellationToken cancellationToken) =>
        TryReadAsync(ReadPackAsync, location, id, cancellationToken);

    /// <summary>Reads a part of a pack; less than asked for only at its end.</summary>
    internal ValueTask<int> ReadPackAsync(BlobId pack, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        store.ReadAsync(RepositoryFile.Key(FileKind.Pack, pack), offset, destination, cancellationToken);

    private async ValueTask<(RentedMemory? Plain, string? Wrong)> TryReadAsync(
        Func<BlobId, long, Memory<byte>, CancellationToken, ValueTask<int>> readPack, BlobLocation location, BlobId id, CancellationToken cancellationToken)
    {
        if (location.StoredLength > Array.MaxLength || location.PlainLength > Array.MaxLength)
        {
            return (null, "its length is impossible");
        }

        var unit = RentedMemory.Rent((int)location.StoredLength);
        try
        {
            var read = await readPack(location.Pack, location.Offset, unit.Memory, cancellationToken).ConfigureAwait(false);
            if (read == location.StoredLength)
            {
                var lent = unit;
                unit = null; // It belongs to the answer now.
                return codec.Decode(lent, location, id);
            }

            return (null, "the pack is shorter than the index says");
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            return (null, "the pack is missing");
        }
        finally
        {
            unit?.Dispose();
        }
    }

    /// <summary>The place that lookups prefer is damaged: interrupted prunes and other writers may have left another.</summary>
    private async ValueTask<IMemoryOwner<byte>> ReadElsewhereAsync(
        BlobIndex index, BlobType type, BlobId id, BlobLocation tried, string? wrong, CancellationToken cancellationToken)
    {
        foreach (var location in index.FindAll(type, id))
        {
            if (location != tried && (await TryReadAsync(location, id, cancellationToken).ConfigureAwait(false)).Plain is { } plain)
            {
                return plain;
            }
        }

        throw new RepositoryException(
            RepositoryFailure.Damaged, $"the {Name(type)} {id} in {RepositoryFile.Key(FileKind.Pack, tried.Pack)} is damaged: {wrong}");
    }

    internal static string Name(BlobType type) => type == BlobType.Tree ? "tree" : "blob";
}
