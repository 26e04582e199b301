using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Crypto;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Unpacked;
using StellaOps.Backup.Storage;

namespace StellaOps.Backup.Repository.Repairing;

/// <summary>Takes the intact blobs out of damaged packs. Memory: the largest of them, and its largest blob.</summary>
/// <param name="parts">The repository.</param>
/// <param name="index">What the repository has without the damaged packs.</param>
internal sealed class PackSalvage(RepositoryParts parts, BlobIndex index)
{
    private readonly GrowingBuffer _scratch = new();

    /// <summary>Blobs that were intact, and nowhere else.</summary>
    internal long Salvaged { get; private set; }

    /// <param name="pack">A damaged pack.</param>
    /// <param name="entries">What any index file says of it.</param>
    /// <param name="writer">Takes what is intact; null only counts.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    internal async Task RunAsync(BlobId pack, IReadOnlyList<PackEntry> entries, BlobWriter? writer, CancellationToken cancellationToken)
    {
        if (await ReadAsync(pack, cancellationToken).ConfigureAwait(false) is not { } content)
        {
            return;
        }

        foreach (var entry in entries.Where(entry => !index.Contains(entry.Type, entry.Id) && entry.Offset + (long)entry.StoredLength <= content.Length))
        {
            var unit = content.AsMemory((int)entry.Offset, (int)entry.StoredLength);
            if (parts.Codec.DecodeInPlace(unit.Span, entry.PlainLength, entry.Compressed, entry.Id, _scratch, out _) is not null)
            {
                continue;
            }

            Salvaged++;
            if (writer is not null)
            {
                await writer.SaveAsync(entry.Type, entry.Id, unit[UnitCipher.IvLength..^UnitCipher.MacLength], entry.CompressedFrom, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<byte[]?> ReadAsync(BlobId pack, CancellationToken cancellationToken)
    {
        try
        {
            return await parts.Store.ReadAllAsync(RepositoryFile.Key(FileKind.Pack, pack), Array.MaxLength, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException exception) when (exception.Failure == StorageFailure.NotFound)
        {
            return null;
        }
    }
}
