using StellaOps.Backup.Repository.Blobs;
using StellaOps.Backup.Repository.Indexes;
using StellaOps.Backup.Repository.Packs;
using StellaOps.Backup.Repository.Unpacked;

namespace StellaOps.Backup.Repository.Repairing;

/// <summary>New index files in the place of others: first written, then the others go, so that what is in a pack is named at all times.</summary>
internal static class IndexReplacement
{
    internal static async Task RunAsync(RepositoryParts parts, IEnumerable<IndexedPack> packs, IEnumerable<BlobId> replaced, CancellationToken cancellationToken)
    {
        using var indexes = new IndexWriter(parts.Files, parts.Options.Clock);
        foreach (var pack in packs)
        {
            await indexes.AddAsync(pack, cancellationToken).ConfigureAwait(false);
        }

        await indexes.FlushAsync(cancellationToken).ConfigureAwait(false);

        // Durable now: index files that name every pack that can be read. Killed here, packs are named twice, which is harmless.
        foreach (var file in replaced)
        {
            await parts.Files.DeleteAsync(FileKind.Index, file, cancellationToken).ConfigureAwait(false);
        }
    }
}
